// The part of PostgreSQL's protocol that a login and a plain query need, SCRAM included.
package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

type pgConn struct {
	c net.Conn
	r *bufio.Reader
}

func (p *pgConn) send(t byte, b []byte) error {
	m := make([]byte, 0, len(b)+5)
	if t != 0 {
		m = append(m, t)
	}
	m = binary.BigEndian.AppendUint32(m, uint32(len(b)+4))
	_, err := p.c.Write(append(m, b...))
	return err
}

func (p *pgConn) recv() (byte, []byte, error) {
	var h [5]byte
	if _, err := io.ReadFull(p.r, h[:]); err != nil {
		return 0, nil, err
	}
	n := int(binary.BigEndian.Uint32(h[1:])) - 4
	if n < 0 || n > 1<<20 {
		return 0, nil, errors.New("bad message length")
	}
	b := make([]byte, n)
	_, err := io.ReadFull(p.r, b)
	return h[0], b, err
}

func pgErr(b []byte) error {
	for _, f := range strings.Split(string(b), "\x00") {
		if strings.HasPrefix(f, "M") {
			return errors.New("postgres: " + f[1:])
		}
	}
	return errors.New("postgres: error")
}

func hm(k, m []byte) []byte { h := hmac.New(sha256.New, k); h.Write(m); return h.Sum(nil) }

// encrypted is the connection over TLS, as sslmode, sslrootcert, sslcert and sslkey of the URL have it.
func encrypted(c net.Conn, u *url.URL, mode string) (net.Conn, error) {
	answer := make([]byte, 1)
	if _, err := c.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(c, answer); err != nil || answer[0] != 'S' {
		c.Close()
		return nil, errors.New("the server does not speak TLS")
	}
	config := &tls.Config{ServerName: u.Hostname(), InsecureSkipVerify: mode == "require", MinVersion: tls.VersionTLS12}
	if file := u.Query().Get("sslrootcert"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(text)
	}
	if file := u.Query().Get("sslcert"); file != "" {
		pair, err := tls.LoadX509KeyPair(file, u.Query().Get("sslkey"))
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	secure := tls.Client(c, config)
	if err := secure.Handshake(); err != nil {
		c.Close()
		return nil, err
	}
	return secure, nil
}

func pgOpen(dsn string) (*pgConn, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, errors.New("DATABASE_URL does not parse")
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "5432")
	}
	c, err := net.DialTimeout("tcp", host, timeout)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(2 * timeout))
	if mode := u.Query().Get("sslmode"); mode != "" && mode != "disable" {
		if c, err = encrypted(c, u, mode); err != nil {
			return nil, err
		}
	}
	p := &pgConn{c, bufio.NewReader(c)}
	user, pass := u.User.Username(), ""
	pass, _ = u.User.Password()
	db := strings.TrimPrefix(u.Path, "/")
	if db == "" {
		db = user
	}
	st := append([]byte{0, 3, 0, 0}, []byte("user\x00"+user+"\x00database\x00"+db+"\x00application_name\x00standin\x00\x00")...)
	if err := p.send(0, st); err != nil {
		c.Close()
		return nil, err
	}
	var nonce, bare, authMsg string
	var salted []byte
	for {
		t, b, err := p.recv()
		if err == nil && t == 'E' {
			err = pgErr(b)
		}
		if err != nil {
			c.Close()
			return nil, err
		}
		if t == 'Z' {
			return p, nil
		}
		if t != 'R' || len(b) < 4 {
			continue
		}
		switch binary.BigEndian.Uint32(b) {
		case 0:
		case 3:
			err = p.send('p', []byte(pass+"\x00"))
		case 5:
			a := md5.Sum([]byte(pass + user))
			s := md5.Sum(append([]byte(hex.EncodeToString(a[:])), b[4:8]...))
			err = p.send('p', []byte("md5"+hex.EncodeToString(s[:])+"\x00"))
		case 10:
			r := make([]byte, 18)
			rand.Read(r)
			nonce = base64.StdEncoding.EncodeToString(r)
			bare = "n=,r=" + nonce
			first := "n,," + bare
			m := append([]byte("SCRAM-SHA-256\x00"), binary.BigEndian.AppendUint32(nil, uint32(len(first)))...)
			err = p.send('p', append(m, first...))
		case 11:
			sf := string(b[4:])
			kv := map[string]string{}
			for _, f := range strings.Split(sf, ",") {
				if len(f) > 2 {
					kv[f[:1]] = f[2:]
				}
			}
			salt, _ := base64.StdEncoding.DecodeString(kv["s"])
			it, _ := strconv.Atoi(kv["i"])
			if !strings.HasPrefix(kv["r"], nonce) || it < 1 {
				err = errors.New("postgres: bad SCRAM challenge")
				break
			}
			salted, err = pbkdf2.Key(sha256.New, pass, salt, it, 32)
			if err != nil {
				break
			}
			np := "c=biws,r=" + kv["r"]
			authMsg = bare + "," + sf + "," + np
			ck := hm(salted, []byte("Client Key"))
			sk := sha256.Sum256(ck)
			sig := hm(sk[:], []byte(authMsg))
			for i := range ck {
				ck[i] ^= sig[i]
			}
			err = p.send('p', []byte(np+",p="+base64.StdEncoding.EncodeToString(ck)))
		case 12:
			want := base64.StdEncoding.EncodeToString(hm(hm(salted, []byte("Server Key")), []byte(authMsg)))
			if string(b[4:]) != "v="+want {
				err = errors.New("postgres: server signature mismatch")
			}
		default:
			err = fmt.Errorf("postgres: authentication method %d", binary.BigEndian.Uint32(b))
		}
		if err != nil {
			c.Close()
			return nil, err
		}
	}
}

// query runs one simple query and returns the first column of the last row.
func (p *pgConn) query(q string) (string, error) {
	if err := p.send('Q', []byte(q+"\x00")); err != nil {
		return "", err
	}
	var out string
	var qerr error
	for {
		t, b, err := p.recv()
		if err != nil {
			return "", err
		}
		switch t {
		case 'E':
			qerr = pgErr(b)
		case 'D':
			if len(b) >= 6 {
				if n := int32(binary.BigEndian.Uint32(b[2:])); n >= 0 && int(n)+6 <= len(b) {
					out = string(b[6 : 6+n])
				}
			}
		case 'Z':
			return out, qerr
		}
	}
}

func (p *pgConn) close() { p.send('X', nil); p.c.Close() }

func pgCheck(dsn, q string) (string, error) {
	p, err := pgOpen(dsn)
	if err != nil {
		return "", err
	}
	defer p.close()
	return p.query(q)
}
