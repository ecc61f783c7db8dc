"""OpenMoji's emoji as real works: colours from outlines, outlines from colours, or both from the parts of a face."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_datasets() -> list[Offer]:
    return [
        Offer(
            "openmoji",
            "4,495 emoji of OpenMoji's, with outlines and parts (CC BY-SA 4.0; pip install 'coevo[openmoji]')",
            "coevo_openmoji.openmoji:openmoji",
        )
    ]
