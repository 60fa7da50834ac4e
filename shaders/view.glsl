// One eye's view, the same block for every program. Filled by view_block in presence/render/eye.py.
layout(std140) uniform View {
    mat4 clip_from_place;
    vec4 eye_at;     // xyz, in the viewer's own place
};

vec3 eye_position() {
    return eye_at.xyz;
}
