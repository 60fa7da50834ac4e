// Morph and skin one person's vertices, once a frame for both eyes; the result is captured.
#version 330
#include "light.glsl"

in vec3 in_position;
in vec3 in_normal;
in uvec4 in_joints;
in vec4 in_weights;
in int in_morphed;          // where this vertex's deltas begin among the moved; -1 when none moves it

uniform sampler2D people;   // a row a person: 3 texels a joint of palette, then 8 of morphs
uniform sampler2D deltas;   // for shape s and moved vertex m: position and normal at 2 (s M + m)
uniform int row;
uniform int morph_column;   // where the morphs begin in a row
uniform int moved_count;    // M
uniform vec4 head_ball;     // middle and radius of a ball as large as the head, at rest

out vec3 posed_position;
out vec3 posed_normal;
out vec2 posed_light;       // how much of the key light and of what comes from all round arrives

const int MORPH_TEXELS = 8;
const int HEAD_COLUMN = 15;
const uint HEAD = 5u, LAST_OF_FACE = 8u;   // the head, then its eyes and its jaw, in BONES

void add_morph(float shape, float weight, inout vec3 position, inout vec3 normal) {
    int texel = 2 * (int(shape) * moved_count + in_morphed);
    int width = textureSize(deltas, 0).x;
    ivec2 at = ivec2(texel % width, texel / width);
    position += weight * texelFetch(deltas, at, 0).xyz;
    normal += weight * texelFetch(deltas, at + ivec2(1, 0), 0).xyz;
}

// How much of the key light passes the head on its way to a point: 0 where the head covers it, 1
// from half a radius beside the head on, which is as soft as a large window makes it.
float past_head(vec3 point) {
    vec4 from = vec4(head_ball.xyz, 1.0);
    vec4 x = texelFetch(people, ivec2(HEAD_COLUMN, row), 0);
    vec4 y = texelFetch(people, ivec2(HEAD_COLUMN + 1, row), 0);
    vec4 z = texelFetch(people, ivec2(HEAD_COLUMN + 2, row), 0);
    vec3 to_middle = vec3(dot(x, from), dot(y, from), dot(z, from)) - point;
    float radius = head_ball.w * length(x.xyz);
    float ahead = dot(to_middle, KEY_DIRECTION);
    float beside = sqrt(max(dot(to_middle, to_middle) - ahead * ahead, 0.0));
    float covered = 1.0 - smoothstep(0.55 * radius, 1.5 * radius, beside);
    // What lies beside the head or nearer the light is not in its shade; nor is what is far away,
    // where the window shines in from all round it.
    return 1.0 - covered * smoothstep(0.0, radius, ahead) * exp(-ahead / (4.0 * radius));
}

void main() {
    vec3 position = in_position;
    vec3 normal = in_normal;
    if (in_morphed >= 0) {
        for (int i = 0; i < MORPH_TEXELS; i++) {
            vec4 pair = texelFetch(people, ivec2(morph_column + i, row), 0);
            if (pair.y == 0.0) break;
            add_morph(pair.x, pair.y, position, normal);
            if (pair.w == 0.0) break;
            add_morph(pair.z, pair.w, position, normal);
        }
    }
    float of_head = 0.0;
    vec4 x = vec4(0.0), y = vec4(0.0), z = vec4(0.0);
    for (int i = 0; i < 4; i++) {
        int column = 3 * int(in_joints[i]);
        float weight = in_weights[i];
        of_head += in_joints[i] >= HEAD && in_joints[i] <= LAST_OF_FACE ? weight : 0.0;
        x += weight * texelFetch(people, ivec2(column, row), 0);
        y += weight * texelFetch(people, ivec2(column + 1, row), 0);
        z += weight * texelFetch(people, ivec2(column + 2, row), 0);
    }
    vec4 from = vec4(position, 1.0);
    posed_position = vec3(dot(x, from), dot(y, from), dot(z, from));
    // The scale is uniform, so the same matrix serves the normals; lighting normalises them.
    posed_normal = vec3(dot(x.xyz, normal), dot(y.xyz, normal), dot(z.xyz, normal));
    // The head does not shade itself. Near the floor, the floor and the feet shade each other.
    posed_light.x = mix(past_head(posed_position), 1.0, of_head);
    posed_light.y = mix(0.55, 1.0, smoothstep(0.0, 0.45, posed_position.y));
}
