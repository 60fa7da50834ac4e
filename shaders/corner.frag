#version 330 core
// Colours are sRGB already, as everything that is written is.

uniform sampler2D u_picture;

in vec2 v_at;
out vec4 f_colour;

void main() {
    f_colour = vec4(texture(u_picture, v_at).rgb, 1.0);
}
