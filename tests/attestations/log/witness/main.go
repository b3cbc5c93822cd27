// A real witness for one log, on loopback: the library, its HTTP handler and its memory are those of
// github.com/transparency-dev/witness; only the configuration is ours.
//
//	witness NAME LOG-VERIFIER-KEY
//
// It makes a key for NAME and prints its verifier key and its URL, each on a line; it ends when standard input does.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/witness/persistence/inmemory"
	"github.com/transparency-dev/witness/witness"
	"golang.org/x/mod/sumdb/note"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func main() {
	private, public, err := note.GenerateKey(nil, os.Args[1])
	must(0, err)
	signer := must(fnote.NewSignerForCosignatureV1(private))
	log := must(note.NewVerifier(os.Args[2]))
	known := func(_ context.Context, origin string) (note.Verifier, bool, error) {
		return log, origin == log.Name(), nil
	}
	options := witness.Opts{Persistence: inmemory.New(), Signers: []note.Signer{signer}, VerifierForLog: known}
	handler := witness.NewHTTPHandler(must(witness.New(context.Background(), options)))
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	http.HandleFunc("POST /add-checkpoint", handler.AddCheckpoint)
	go http.Serve(listener, nil)
	fmt.Println(must(fnote.VKeyToCosignatureV1(public)))
	fmt.Printf("http://%s\n", listener.Addr())
	io.Copy(io.Discard, os.Stdin)
}
