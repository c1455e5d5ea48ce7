package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

func (c *checker) read(name string) string {
	text, err := os.ReadFile(c.path(name))
	if err != nil {
		c.mistake("%s: %v", name, err)
	}
	return string(text)
}

var (
	unitSetting    = regexp.MustCompile(`(?m)^#?Environment=(.+)$`)
	unitCredential = regexp.MustCompile(`(?m)^(#?)LoadCredential=(\w+):`)
)

// systemd checks the unit by systemd itself, with a program in the place that the unit names, and once more with what
// makes a worker of it.
func (c *checker) systemd(ctx context.Context) error {
	const name, worker = "systemd/repazoo.service", "systemd/worker.conf"
	unit := c.unit(name)
	if err := c.verify(ctx, name, "repazoo.service", unit); err != nil {
		return err
	}
	dir := filepath.Join(c.temp, "repazoo-worker.service.d")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	text := c.unit(worker)
	if _, after, _ := strings.Cut(text, "\nStateDirectory=\n"); !strings.Contains(after, "\nStateDirectoryMode=0700\n") {
		c.mistake("%s: StateDirectory= takes the mode back: StateDirectoryMode=0700 must stand after it", worker)
	}
	conf := strings.ReplaceAll(text, program, "/bin/true")
	if err := os.WriteFile(filepath.Join(dir, "worker.conf"), []byte(conf), 0o600); err != nil {
		return err
	}
	return c.verify(ctx, worker, "repazoo-worker.service", unit)
}

// program is where the units expect it.
const program = "/usr/local/bin/repazoo"

func (c *checker) verify(ctx context.Context, name, as, unit string) error {
	copied := filepath.Join(c.temp, as)
	unit = strings.ReplaceAll(unit, program, "/bin/true")
	if err := os.WriteFile(copied, []byte(unit), 0o600); err != nil {
		return err
	}
	c.ask(ctx, name, nil, "systemd-analyze", "verify", "--man=no", copied)
	return nil
}

// unit reads a unit, whose settings must be Repazoo's and whose secrets must be handed over.
func (c *checker) unit(name string) string {
	unit := c.read(name)
	for _, line := range unitSetting.FindAllStringSubmatch(unit, -1) {
		for _, assignment := range strings.Fields(line[1]) {
			variable, _, _ := strings.Cut(assignment, "=")
			c.setting(name, variable)
		}
	}
	for _, m := range unitCredential.FindAllStringSubmatch(unit, -1) {
		want := m[1] + "Environment=" + strings.ToUpper(m[2]) + "_FILE=%d/" + m[2]
		if !strings.Contains(unit, "\n"+want+"\n") {
			c.mistake("%s: the credential %s needs the line %s", name, m[2], want)
		}
	}
	return unit
}

// proxies lets each proxy read its own file, and starts it.
func (c *checker) proxies(ctx context.Context) error {
	if err := c.certify(); err != nil {
		return err
	}
	c.ask(ctx, "proxies/Caddyfile", []string{
		"DOMAIN=repazoo.example.com", "ACME_EMAIL=you@example.com", "UPSTREAMS=app-1:8000 app-2:8000",
		"HOME=" + c.temp, "XDG_DATA_HOME=" + c.temp, "XDG_CONFIG_HOME=" + c.temp,
	}, "caddy", "validate", "--adapter", "caddyfile", "--config", c.path("proxies", "Caddyfile"))
	caddy := strings.NewReplacer("email {$ACME_EMAIL}",
		"admin off\nlocal_certs\nskip_install_trust\nauto_https disable_redirects", "{$DOMAIN} {",
		"https://"+domain+":PORT {\nbind 127.0.0.1").Replace(c.read("proxies/Caddyfile"))
	err := c.running(ctx, "proxies/Caddyfile", func(file string) []string {
		return []string{"caddy", "run", "--adapter", "caddyfile", "--config", file}
	}, caddy, "HOME="+c.temp, "XDG_DATA_HOME="+c.temp, "XDG_CONFIG_HOME="+c.temp)
	if err != nil {
		return err
	}
	if err := c.nginx(ctx); err != nil {
		return err
	}
	certificate := filepath.Join(c.temp, "fullchain.pem")
	text := strings.ReplaceAll(c.read("proxies/haproxy.cfg"), "/etc/haproxy/repazoo.pem", certificate)
	file := filepath.Join(c.temp, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	c.ask(ctx, "proxies/haproxy.cfg", nil, "haproxy", "-c", "-f", file)
	text = strings.NewReplacer("bind :443 ", "bind SECURE ", "bind :80\n", "bind PLAIN\n").Replace(text)
	err = c.running(ctx, "proxies/haproxy.cfg", func(file string) []string {
		return []string{"haproxy", "-db", "-f", file}
	}, text)
	if err != nil {
		return err
	}
	var traefik map[string]any // it has no checker; that it is YAML is what can be said
	if err := yaml.UnmarshalStrict([]byte(c.read("proxies/traefik.yaml")), &traefik); err != nil {
		c.mistake("proxies/traefik.yaml: %v", err)
	}
	return nil
}

// nginx reads its file within the blocks that conf.d stands in.
func (c *checker) nginx(ctx context.Context) error {
	text := c.read("proxies/nginx.conf")
	for from, to := range map[string]string{
		"/etc/ssl/repazoo/fullchain.pem": filepath.Join(c.temp, "fullchain.pem"),
		"/etc/ssl/repazoo/privkey.pem":   filepath.Join(c.temp, "fullchain.pem"),
	} {
		text = strings.ReplaceAll(text, from, to)
	}
	around := "pid " + filepath.Join(c.temp, "nginx.pid") + ";\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n"
	text = around + text + "}\n"
	file := filepath.Join(c.temp, "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	c.ask(ctx, "proxies/nginx.conf", nil, "nginx", "-t", "-p", c.temp, "-c", file)
	text = strings.NewReplacer("listen 443 ", "listen SECURE ", "listen 80;", "listen PLAIN;").Replace(text)
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		text = strings.Replace(text, "http {\n", "http {\n"+kind+"_temp_path "+filepath.Join(c.temp, kind)+";\n", 1)
	}
	return c.running(ctx, "proxies/nginx.conf", func(file string) []string {
		return []string{"nginx", "-p", c.temp, "-c", file, "-g", "daemon off;"}
	}, text)
}

// certify makes a certificate with its key in one file, for the proxies to find.
func (c *checker) certify() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	return os.WriteFile(filepath.Join(c.temp, "fullchain.pem"), text, 0o600)
}
