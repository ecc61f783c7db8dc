"""The browser: breed pictures alone or together, watch runs, and walk through published works.

One process serves one page. Data flows one way: a *request* passes the guard (`security`), a *route* reads it with a
model of pydantic, and a *room* answers. A room is a session's user interface: it stands in the players' thread, does
one job after another there, and tells every change to all who look, by server-sent events.

    command.py      coevo web, and what it prints: the link, the tunnel, what --host means
    server.py       uvicorn, the port, the opening of the browser
    app.py          the application: guard, routes, static files
    security.py     the guard of every request: host, cookie, origin, size, rate; the headers of every answer
    links.py        the secret, the links made of it, and the cookies that they become
    events.py       a channel of server-sent events
    pictures.py     pictures by the hash of their bytes
    jobs.py         what is done in the players' thread, one after another
    room.py         a session with people; rooms.py: all that are open
    votes.py        what people marked, and when a vote is over
    branches.py     who stands where, when each person breeds a branch of their own
    sheet_state.py  what a page knows of a sheet
    advisors.py     critics that score a sheet beside the people
    watching.py     runs as they grow; processes.py: those that play beside the page
    painting.py     label maps that are painted; walking.py: ways between two works of a run; opened.py: keeps both
    gallery.py      published works in one SQLite file; gallery_site.py: the same as a folder of pages
    widget.py       the views in a notebook; linking.py: as one module; inside.py: a site in the same process
    routes/         what can be asked, by subject
    static/         the page: index.html, style.css, main.js, model.js, strings.js and views/

A view is a module of anywidget's shape, so that it is the page, a notebook's widget and a part of an exported page:

    export default { render({ model, el }) { ...; return () => { what ends it } } }

`model` has `get(name)`, `set(name, value)`, `save_changes()`, `on("change:name", f)`, `off(...)` and `send(message)`;
`static/model.js` makes one of a room's events and commands.

The routes:

    GET  /                                        the page; with ?token= it becomes a cookie, and the link is cleaned
    GET  /static/…                                files of the page
    GET  /pictures/{hash}.png                     a picture that was named in an answer; never changes
    GET  /api/start                               who you are, what can be bred, what is open
    POST /api/sessions                            open one: {run} or {recipe} or {artist} or {work}
    GET  /api/sessions/{name}                     its state
    GET  /api/sessions/{name}/events              its states as they come (SSE)
    GET  /api/sessions/{name}/sheet?of=           what another person sees
    POST /api/sessions/{name}/commands            {do: pick | undo | redo | branch | take | mutate | mark | vote | …}
    GET  /api/sessions/{name}/individual?id=      genome, parents, generation, picks
    GET  /api/sessions/{name}/picture?id=&size=   any individual, drawn
    GET  /api/sessions/{name}/file?id=&size=&as=  the same to save: png, svg, or gif, the film of the way to it
    GET  /api/sessions/{name}/lineage             everyone, or those who were picked
    GET  /api/runs, /api/runs/{name}, …/events, …/sheets/{file}, …/critics; POST …/stop, …/resume
    GET, POST /api/runs/{name}/painting           a run's label map: {do: stroke | fill | cover | undo | …}
    GET  /api/runs/{name}/painting/file           the picture that is made of it, to save
    GET  /api/runs/{name}/samples?seed=           works; …/walk?seed=&from=&to=: the way between two
    GET  /api/works, /api/works/{id}, …/file; POST /api/works, …/import, …/{id}/stars, …/{id}/remove
"""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_uis() -> list[Offer]:
    return [Offer("web", "pictures on a page in the browser, alone or together", "coevo_web.server:Web")]


@hookimpl
def coevo_commands() -> list[Offer]:
    return [Offer("web", "breed and watch in the browser", "coevo_web.command:web")]
