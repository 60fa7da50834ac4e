"""Drawing: OpenGL passes, stereo, offscreen and window views.

The renderer draws a :class:`presence.scene.stage.Stage` for any number of eyes into any
framebuffer: pictures in memory, a window, or the images of an OpenXR swapchain.
"""
