// Curves over rounds, by uPlot, in the colours of the page.

import uPlot from "../vendor/uplot.js";
import { h } from "../dom.js";
import { S } from "../strings.js";

const COLOURS = ["--line-1", "--line-2", "--line-3", "--line-4"];

/** Curves that belong together: artist.loss and critic.loss are one chart. */
export function groups(names) {
  const found = new Map();
  for (const name of names) {
    if (name === "round") continue;
    const kind = name.slice(name.indexOf(".") + 1);
    if (!found.has(kind)) found.set(kind, []);
    found.get(kind).push(name);
  }
  return found;
}

/** A chart of some columns. `columns` is x and a column a curve; `labels` names the curves. */
export function chart(title, labels, columns) {
  const box = h("figure.chart", {}, h("figcaption", {}, title));
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--quiet");
  const grid = { stroke: style.getPropertyValue("--rule"), width: 1 };
  const axis = { stroke: ink, grid, ticks: grid, font: "12px system-ui" };
  const plot = new uPlot(
    {
      width: 300,
      height: 180,
      scales: { x: { time: false } },
      legend: { live: true },
      cursor: { y: false },
      axes: [axis, { ...axis, size: 56 }],
      series: [
        { label: S.runs.round("").trim() },
        ...labels.map((label, index) => ({ label, stroke: style.getPropertyValue(COLOURS[index % COLOURS.length]), width: 1.5, spanGaps: true, points: { show: columns[0].length < 3 } })),
      ],
    },
    columns,
    box,
  );
  plot.root.querySelector("canvas").setAttribute("role", "img");
  plot.root.querySelector("canvas").setAttribute("aria-label", S.runs.curve_alt(labels.join(", ")));
  const resized = new ResizeObserver(() => plot.setSize({ width: Math.max(200, box.clientWidth), height: 180 }));
  resized.observe(box);
  box.update = (data) => plot.setData(data);
  box.end = () => {
    resized.disconnect();
    plot.destroy();
  };
  return box;
}
