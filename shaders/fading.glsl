// People who fade do so through a screen door: what is left of them stays opaque, so the order of
// drawing does not matter. Programs for solid people are compiled without FADING, because a shader
// that may discard cannot be spared the pixels that something hides.
#ifdef FADING
uniform float opacity;

void fade() {
    if (screen_noise() >= opacity) discard;
}
#else
void fade() {}
#endif
