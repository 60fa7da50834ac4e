// A bead that opens into a ring as somebody speaks up, its inside like glass. Premultiplied. Its
// body is neither dark nor light, with a dark hem for light walls and a light heart for dark ones,
// since a headset lets through whatever stands there. Painted sRGB-encoded.
#version 330

in vec2 at;
flat in float loudness;
flat in float opacity;

out vec4 fragment;

const vec3 HEART = vec3(0.84, 1.00, 0.95);
const vec3 BODY = vec3(0.07, 0.63, 0.58);
const vec3 HEM = vec3(0.02, 0.20, 0.22);
const float HEM_WIDTH = 0.013;  // metres; with the largest ring it just fills the square

// 1 inside an edge, 0 outside, half at it.
float within(float distance, float edge, float soft) {
    return 1.0 - smoothstep(edge - soft, edge + soft, distance);
}

void main() {
    float far = length(at);
    float pixel = 0.7071 * length(vec4(dFdx(at), dFdy(at)));
    float soft = max(0.0010, 0.6 * pixel);
    // Loudness is heard by its ratio: half as loud is a ring not half as large.
    float open = sqrt(loudness);

    float radius = mix(0.013, 0.046, open);
    float half_width = max(mix(0.0035, 0.0050, open), 0.6 * pixel);
    float from_ring = abs(far - radius);
    float ring = within(from_ring, half_width, soft);
    // What is finer than a pixel would come and go as the head moves.
    float fine = clamp(half_width / pixel - 0.6, 0.0, 1.0);
    float heart = fine * within(from_ring, 0.3 * half_width, 0.7 * half_width);
    float off = clamp(1.0 - (from_ring - half_width) / HEM_WIDTH, 0.0, 1.0);
    float hem = 0.32 * off * off;
    float inside = within(far, radius, soft);
    float glass = inside * mix(0.55, 0.10 + 0.25 * (far * far) / (radius * radius), open);

    vec3 light = mix(BODY, HEART, heart * mix(0.25, 0.9, loudness)) * ring;
    float alpha = ring;
    // What lies under the ring: glass inside it, the hem on both sides.
    vec3 under = BODY * glass + HEM * hem * (1.0 - glass);
    light += under * (1.0 - alpha);
    alpha += (glass + hem * (1.0 - glass)) * (1.0 - alpha);
    float shown = opacity * smoothstep(0.0, 0.15, loudness) * mix(0.7, 1.0, loudness);
    fragment = vec4(light, alpha) * shown;
}
