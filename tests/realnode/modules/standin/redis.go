package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"
)

// redisCheck logs in as the URL says and returns the answer to PING.
func redisCheck(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("REDIS_URL does not parse")
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "6379")
	}
	c, err := net.DialTimeout("tcp", host, timeout)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(timeout))
	r := bufio.NewReader(c)
	do := func(a ...string) (string, error) {
		s := fmt.Sprintf("*%d\r\n", len(a))
		for _, x := range a {
			s += fmt.Sprintf("$%d\r\n%s\r\n", len(x), x)
		}
		if _, err := io.WriteString(c, s); err != nil {
			return "", err
		}
		l, err := r.ReadString('\n')
		l = strings.TrimSpace(l)
		if err == nil && strings.HasPrefix(l, "-") {
			err = errors.New("redis: " + l[1:])
		}
		return l, err
	}
	if pw, ok := u.User.Password(); ok && pw != "" {
		a := []string{"AUTH"}
		if n := u.User.Username(); n != "" {
			a = append(a, n)
		}
		if _, err := do(append(a, pw)...); err != nil {
			return "", err
		}
	}
	return do("PING")
}
