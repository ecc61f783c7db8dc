"""Trackers for tools that people already use. Each needs an extra of its name, and keeps everything on this machine."""
