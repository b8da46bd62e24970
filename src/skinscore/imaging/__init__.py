"""Bytes to zone crops: the one deterministic path that training, archive and service share.

decode      bytes -> Photo            upright, sRGB, metadata gone
face        Photo -> Face             468 points, mm scale, view
zones       Face -> ZoneRegion x 19   outline, facing
quality     ... -> ZoneQuality x 19   free skin, sharpness, light, and which limits are passed
crops       ... -> Crop x N           aligned, fixed mm per px, with zone masks
"""
