// Wooden boards that repeat without a seam, baked once into a texture; sRGB-encoded.
#version 330
#include "colour.glsl"

in vec2 at;

out vec4 fragment;

const int ROWS = 16;      // boards across the texture
const float ASPECT = 8.0; // grain stretched along the boards

float hash(vec2 cell) {
    return fract(sin(dot(cell, vec2(127.1, 311.7))) * 43758.5453);
}

// Value noise that repeats every `period` cells.
float noise(vec2 p, vec2 period) {
    vec2 cell = floor(p), f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    vec2 a = mod(cell, period), b = mod(cell + 1.0, period);
    return mix(mix(hash(a), hash(vec2(b.x, a.y)), f.x),
               mix(hash(vec2(a.x, b.y)), hash(b), f.x), f.y);
}

void main() {
    float across = at.x * float(ROWS);
    float row = floor(across);
    float along = fract(at.y + hash(vec2(row, 3.0))) * 2.0;
    float tone = hash(vec2(row, floor(along)));
    float grain = 0.0, weight = 0.5;
    for (int octave = 0; octave < 4; octave++) {
        vec2 cells = vec2(128.0, 128.0 / ASPECT) * exp2(float(octave));
        grain += weight * noise(at * cells + vec2(0.0, floor(tone * 97.0)), cells);
        weight *= 0.5;
    }
    vec3 wood = mix(vec3(0.36, 0.215, 0.125), vec3(0.46, 0.30, 0.185), tone);
    wood *= 0.82 + 0.36 * grain;
    float joint = min(min(fract(across), 1.0 - fract(across)),
                      min(fract(along), 1.0 - fract(along)) * 0.5 * float(ROWS));
    wood *= mix(0.55, 1.0, smoothstep(0.0, 0.03, joint));
    fragment = vec4(encode_srgb(wood), 1.0);
}
