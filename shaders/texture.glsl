// The textures of everybody on stage. A vertex with a negative layer shows its own colour alone.
uniform sampler2DArray textures;

vec4 textured(vec2 uv, float layer) {
    vec4 texel = texture(textures, vec3(uv, layer));
    return layer < 0.0 ? vec4(1.0) : texel;
}
