"""The inner loops of the echo canceller: spectra of two ears' sound through partitions of a path.

Real and imaginary parts lie apart, since so the loops become vector instructions. A path is
``(2, partitions, bins)``; of each partition the loops use the first ``bins`` that it has.
"""

from presence.compiled import compiled

_TINY = 1e-9


@compiled
def predict(path_re, path_im, past_re, past_im, newest, bins, out_re, out_im):
    """What the microphone should hear: ``out`` is a spectrum ``(bins,)``."""
    ears, parts, _ = path_re.shape
    out_re[:] = 0.0
    out_im[:] = 0.0
    for ear in range(ears):
        for part in range(parts):
            at = (newest + part) % parts
            for k in range(bins[part]):
                w_re, w_im = path_re[ear, part, k], path_im[ear, part, k]
                x_re, x_im = past_re[ear, at, k], past_im[ear, at, k]
                out_re[k] += w_re * x_re - w_im * x_im
                out_im[k] += w_re * x_im + w_im * x_re


@compiled
def doubt(past_re, past_im, newest, bins, left, right, both_re, both_im, out):
    """How strong what is not known of the path would sound: a power for each bin."""
    parts = left.shape[0]
    out[:] = 0.0
    for part in range(parts):
        at = (newest + part) % parts
        for k in range(bins[part]):
            l_re, l_im = past_re[0, at, k], past_im[0, at, k]
            r_re, r_im = past_re[1, at, k], past_im[1, at, k]
            cross_re, cross_im = l_re * r_re + l_im * r_im, l_im * r_re - l_re * r_im
            out[k] += (
                (l_re * l_re + l_im * l_im) * left[part, k]
                + (r_re * r_re + r_im * r_im) * right[part, k]
                + 2.0 * (cross_re * both_re[part, k] - cross_im * both_im[part, k])
            )


@compiled
def learn(
    path_re,
    path_im,
    past_re,
    past_im,
    newest,
    bins,
    left,
    right,
    both_re,
    both_im,
    doubtful,
    other,
    error_re,
    error_im,
    kept,
):
    """One step of the Kalman filter.

    Args:
        path_re: changed in place, as are ``path_im`` and the four parts of the covariance: of
            either ear's path (``left``, ``right``) and between them.
        past_re: spectra of what was played, the newest at ``newest``.
        doubtful: what :func:`doubt` gave.
        other: the power of all that is no echo of what was played.
        error_re: the spectrum of what is left.
        kept: how much of the path is the same a step later, squared.
    """
    parts = left.shape[0]
    lost = 1.0 - kept
    for part in range(parts):
        at = (newest + part) % parts
        for k in range(bins[part]):
            step = 1.0 / (max(doubtful[k], 0.0) + 2.0 * other[k] + _TINY)
            l_re, l_im = past_re[0, at, k], -past_im[0, at, k]
            r_re, r_im = past_re[1, at, k], -past_im[1, at, k]
            b_re, b_im = both_re[part, k], both_im[part, k]
            one, two = left[part, k], right[part, k]
            gl_re = one * l_re + b_re * r_re - b_im * r_im
            gl_im = one * l_im + b_re * r_im + b_im * r_re
            gr_re = two * r_re + b_re * l_re + b_im * l_im
            gr_im = two * r_im + b_re * l_im - b_im * l_re
            e_re, e_im = step * error_re[k], step * error_im[k]
            path_re[0, part, k] += gl_re * e_re - gl_im * e_im
            path_im[0, part, k] += gl_re * e_im + gl_im * e_re
            path_re[1, part, k] += gr_re * e_re - gr_im * e_im
            path_im[1, part, k] += gr_re * e_im + gr_im * e_re
            half = 0.5 * step
            one -= half * (gl_re * gl_re + gl_im * gl_im)
            two -= half * (gr_re * gr_re + gr_im * gr_im)
            b_re -= half * (gl_re * gr_re + gl_im * gr_im)
            b_im -= half * (gl_im * gr_re - gl_re * gr_im)
            size = (
                path_re[0, part, k] ** 2
                + path_im[0, part, k] ** 2
                + path_re[1, part, k] ** 2
                + path_im[1, part, k] ** 2
            )
            more = 0.5 * lost * size
            left[part, k] = kept * max(one, 0.0) + more
            right[part, k] = kept * max(two, 0.0) + more
            both_re[part, k] = kept * b_re
            both_im[part, k] = kept * b_im
