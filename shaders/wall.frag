// Soft walls; a little noise hides the steps of 8 bits.
#version 330
#include "colour.glsl"

in vec3 light;

out vec4 fragment;

void main() {
    fragment = vec4(light + (screen_noise() - 0.5) / 255.0, 1.0);
}
