package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Each document comes behind its length; each answer is one line: its values as JSON, or the error.
func main() {
	input := bufio.NewReader(os.Stdin)
	output := bufio.NewWriter(os.Stdout)
	for {
		var length uint32
		if err := binary.Read(input, binary.BigEndian, &length); err == io.EOF {
			return
		} else if err != nil {
			panic(err)
		}
		document := make([]byte, length)
		if _, err := io.ReadFull(input, document); err != nil {
			panic(err)
		}
		fmt.Fprintln(output, answer(document))
		output.Flush()
	}
}

func answer(document []byte) string {
	values, err := read(document)
	if err != nil {
		return fmt.Sprintf("error %q", err)
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	return string(text)
}
