"""The body: VRM files, rig, motion, rendering, wardrobe. Knows no sound."""
