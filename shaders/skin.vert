// Morph and skin one person's vertices, once a frame for both eyes; the result is captured.
#version 330

in vec3 in_position;
in vec3 in_normal;
in uvec4 in_joints;
in vec4 in_weights;
in int in_morphed;          // where this vertex's deltas begin among the moved; -1 when none moves it

uniform sampler2D people;   // a row a person: 55 × 3 texels of palette, then 8 of morphs
uniform sampler2D deltas;   // for shape s and moved vertex m: position and normal at 2 (s M + m)
uniform int row;
uniform int moved_count;    // M

out vec3 posed_position;
out vec3 posed_normal;

const int MORPH_COLUMN = 165;
const int MORPH_TEXELS = 8;

void add_morph(float shape, float weight, inout vec3 position, inout vec3 normal) {
    int texel = 2 * (int(shape) * moved_count + in_morphed);
    int width = textureSize(deltas, 0).x;
    ivec2 at = ivec2(texel % width, texel / width);
    position += weight * texelFetch(deltas, at, 0).xyz;
    normal += weight * texelFetch(deltas, at + ivec2(1, 0), 0).xyz;
}

void main() {
    vec3 position = in_position;
    vec3 normal = in_normal;
    if (in_morphed >= 0) {
        for (int i = 0; i < MORPH_TEXELS; i++) {
            vec4 pair = texelFetch(people, ivec2(MORPH_COLUMN + i, row), 0);
            if (pair.y == 0.0) break;
            add_morph(pair.x, pair.y, position, normal);
            if (pair.w == 0.0) break;
            add_morph(pair.z, pair.w, position, normal);
        }
    }
    vec4 x = vec4(0.0), y = vec4(0.0), z = vec4(0.0);
    for (int i = 0; i < 4; i++) {
        int column = 3 * int(in_joints[i]);
        float weight = in_weights[i];
        x += weight * texelFetch(people, ivec2(column, row), 0);
        y += weight * texelFetch(people, ivec2(column + 1, row), 0);
        z += weight * texelFetch(people, ivec2(column + 2, row), 0);
    }
    vec4 from = vec4(position, 1.0);
    posed_position = vec3(dot(x, from), dot(y, from), dot(z, from));
    // The scale is uniform, so the same matrix serves the normals; lighting normalises them.
    posed_normal = vec3(dot(x.xyz, normal), dot(y.xyz, normal), dot(z.xyz, normal));
}
