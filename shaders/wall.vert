// A dome round the viewer at the far end of the depth range. Its light is so soft that a coarse
// mesh carries it from vertex to vertex.
#version 330
#include "view.glsl"
#include "wall.glsl"

in vec3 in_direction;

out vec3 light;

void main() {
    light = wall(in_direction);
    gl_Position = (clip_from_place * vec4(eye_position() + in_direction, 1.0)).xyww;
}
