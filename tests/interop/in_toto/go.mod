module probatum.dev/interop

go 1.22

require (
	github.com/in-toto/in-toto-golang v0.9.0
	github.com/secure-systems-lab/go-securesystemslib v0.9.0
)

require (
	github.com/shibumi/go-pathspec v1.3.0 // indirect
	golang.org/x/crypto v0.31.0 // indirect
	golang.org/x/sys v0.28.0 // indirect
)
