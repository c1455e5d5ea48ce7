package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// Set gives one value of a figure that is read when it is asked for, with its labels in order.
type Set func(value float64, labels ...string)

// Reading adds a gauge that is read at each scrape, within its time. A reading that fails shows nothing and is counted
// in repazoo_failed_readings.
func (m *Metrics) Reading(name, help string, labels []string, read func(context.Context, Set) error) {
	if m == nil {
		return
	}
	m.add(name, help, labels, &reading{
		desc:   prometheus.NewDesc(prefix+name, help, labels, nil),
		failed: prometheus.NewDesc(prefix+"failed_readings", failedHelp, nil, prometheus.Labels{"name": name}),
		read:   read,
	})
}

const failedHelp = "1 for a figure that could not be read just now."

type reading struct {
	desc, failed *prometheus.Desc
	read         func(context.Context, Set) error
}

// Describe tells the names.
func (r *reading) Describe(ch chan<- *prometheus.Desc) { ch <- r.desc; ch <- r.failed }

// Collect reads.
func (r *reading) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	var all []prometheus.Metric
	err := r.read(ctx, func(v float64, labels ...string) {
		all = append(all, prometheus.MustNewConstMetric(r.desc, prometheus.GaugeValue, v, labels...))
	})
	failed := 1.0
	if err == nil {
		failed = 0
		for _, one := range all {
			ch <- one
		}
	}
	ch <- prometheus.MustNewConstMetric(r.failed, prometheus.GaugeValue, failed)
}
