// A round floor: bright where people stand, melting into the wall far off.
#version 330
#include "view.glsl"
#include "wall.glsl"

in vec2 in_spot;            // x and z, metres

uniform float boards_size;  // metres along each side of the texture

out vec2 at;
out vec3 beyond;            // premultiplied by how far the floor has melted into it
out float brightness;

const vec2 MIDDLE = vec2(0.0, -0.8);

void main() {
    float far = length(in_spot - MIDDLE);
    vec3 place = vec3(in_spot.x, 0.0, in_spot.y);
    float melted = smoothstep(3.0, 9.5, distance(place.xz, eye_position().xz));
    at = in_spot / boards_size;
    brightness = mix(1.06, 0.78, smoothstep(0.4, 4.5, far)) * (1.0 - melted);
    beyond = wall(place - eye_position()) * melted;
    gl_Position = clip_from_place * vec4(place, 1.0);
}
