package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/Masterminds/semver/v3"
	"k8s.io/apimachinery/pkg/api/resource"
)

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	for input.Scan() {
		var words []string
		if err := json.Unmarshal(input.Bytes(), &words); err != nil {
			panic(err)
		}
		fmt.Fprintln(output, answer(words[0], words[1:]))
	}
}

func answer(what string, given []string) string {
	switch what {
	case "quantity":
		parsed, err := resource.ParseQuantity(given[0])
		if err != nil {
			return "error"
		}
		return parsed.AsDec().String()
	case "duration":
		parsed, err := time.ParseDuration(given[0])
		if err != nil {
			return "error"
		}
		return fmt.Sprint(parsed.Nanoseconds())
	case "versions":
		first, err := semver.NewVersion(given[0])
		second, other := semver.NewVersion(given[1])
		if err != nil || other != nil {
			return "error"
		}
		return fmt.Sprint(first.Compare(second))
	case "constraint":
		constraint, err := semver.NewConstraint(given[0])
		version, other := semver.NewVersion(given[1])
		if err != nil || other != nil {
			return "error"
		}
		return fmt.Sprint(constraint.Check(version))
	}
	panic(what)
}
