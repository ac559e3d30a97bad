package main

import (
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func TestEveryLineIsCountedExactlyWhenItIsWritten(t *testing.T) {
	for class := range programs {
		s := newSource(class, "", start, time.Time{}, false, nil, 0)
		for i := range int64(40) {
			at := s.line(i).at
			if s.next(i) != at {
				t.Fatalf("%s: line %d is announced for %v but written at %v", class, i, s.next(i), at)
			}
			if before, after := s.count(at.Add(-time.Nanosecond)), s.count(at); before > i || after <= i {
				t.Fatalf("%s: line %d at %v, but %d lines before and %d after that moment", class, i, at, before, after)
			}
		}
	}
}

func TestSinceFindsTheFirstLineThatIsNotOlder(t *testing.T) {
	s := newSource("app", "", start, time.Time{}, false, nil, 1000)
	now := start.Add(time.Minute)
	for _, i := range []int64{0, 3, 7, 1000, 30000} {
		if got := s.since(s.line(i).at, now); got != i {
			t.Errorf("since the time of line %d gives line %d", i, got)
		}
	}
	if got := s.since(now.Add(time.Second), now); got != s.count(now) {
		t.Errorf("since the future gives line %d of %d", got, s.count(now))
	}
}

func TestAFailedProcessEndsWithItsLastLines(t *testing.T) {
	s := newSource("app", "", start, start.Add(time.Second), true, nil, 0)
	count := s.count(start.Add(time.Hour))
	if text := s.line(count - 1).text; text != s.last[0] {
		t.Errorf("the last line is %q", text)
	}
	if s.count(start) != count {
		t.Errorf("the log of an ended process depends on when it is read")
	}
}

func TestAProcessThatCannotGoOnSaysWhyAndNothingOfALaterBoot(t *testing.T) {
	s := newSource("app", "", start, start.Add(time.Second), true, []string{"no database", "bye"}, 0)
	count := s.count(start.Add(time.Hour))
	if count != 4 || s.line(2).text != "no database" || s.line(3).text != "bye" {
		t.Fatalf("%d lines, the last are %q and %q", count, s.line(2).text, s.line(3).text)
	}
}

func TestAShortLifeStillHasItsWholeBoot(t *testing.T) {
	s := newSource("postgres", "", start, start, false, nil, 0)
	if got := s.count(start.Add(time.Hour)); got != int64(len(s.boot)) {
		t.Errorf("%d lines of %d", got, len(s.boot))
	}
}

func TestImageNames(t *testing.T) {
	for image, want := range map[string][2]string{
		"llm-cost-ops":                          {"llm-cost-ops", "docker.io/library/llm-cost-ops:latest"},
		"llm-cost-ops:1.0.0":                    {"llm-cost-ops", "docker.io/library/llm-cost-ops:1.0.0"},
		"prom/prometheus:v3":                    {"prometheus", "docker.io/prom/prometheus:v3"},
		"localhost/redis":                       {"redis", "localhost/redis:latest"},
		"ghcr.io/a/llm-cost-ops":                {"llm-cost-ops", "ghcr.io/a/llm-cost-ops:latest"},
		"registry.local:5000/llm-cost-ops:v1":   {"llm-cost-ops", "registry.local:5000/llm-cost-ops:v1"},
		"registry.local:5000/llm-cost-ops":      {"llm-cost-ops", "registry.local:5000/llm-cost-ops:latest"},
		"ghcr.io/a/llm-cost-ops:v1@sha256:abcd": {"llm-cost-ops", "ghcr.io/a/llm-cost-ops:v1@sha256:abcd"},
	} {
		if got := [2]string{repositoryName(image), fullReference(image)}; got != want {
			t.Errorf("%s: %v, want %v", image, got, want)
		}
	}
	if pullProblem("postgres:16") != "" || pullProblem("postgrs:16") == "" || pullProblem("postgres:missing") == "" {
		t.Errorf("what can be pulled: postgres:16; what cannot: postgrs:16, postgres:missing")
	}
}

func TestBackOffDoublesUpToFiveMinutes(t *testing.T) {
	want := []time.Duration{10, 20, 40, 80, 160, 300, 300}
	for n, seconds := range want {
		if got := backOff(n); got != seconds*time.Second {
			t.Errorf("back-off %d is %v", n, got)
		}
	}
}
