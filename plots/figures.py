"""All figures of a report, in its order. Each function takes measurements and returns drawings, none where the inputs cannot
carry one."""

from accuracy_figures import error_over_bound, error_over_us, heinsen
from plane_figure import plane
from speed_figures import latency, shares, throughput
from ssm_figures import layers


def all_figures(measurements, accuracy):
    return throughput(measurements) + shares(measurements) + latency(measurements) + layers(measurements) + plane(measurements, accuracy) + heinsen(accuracy) + error_over_us(accuracy) + error_over_bound(accuracy)
