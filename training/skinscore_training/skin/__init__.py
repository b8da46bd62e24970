"""Procedural skin: tissue, relief, conditions, distractors, light and camera, with ground truth.

Every layer works on a sheet of skin with an explicit ``mm_per_px``: a crop of one zone, or the
texture of a whole face.
"""
