// Reads a log of ours with Go's own transparency log library (golang.org/x/mod/sumdb), and makes one for us to read.
//
//	peer read FOLDER        every entry is proven, and every size shown to be consistent with the newest
//	peer write SIZE         JSON: a verifier key, a signed checkpoint, and the proof of every entry "peer N"
//	peer time FOLDER COUNT  milliseconds that one inclusion proof takes, over COUNT entries spread over the log
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func check(err error) { must(0, err) }

// tiles reads hash tiles in the layout of C2SP tlog-tiles, which leaves out the height that Go's paths have.
type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			full := tile
			full.W = 256
			path = strings.Replace(full.Path(), "tile/8/", "tile/", 1)
			if data, err = os.ReadFile(filepath.Join(t.folder, path)); err != nil {
				return nil, err
			}
			data = data[:tile.W*tlog.HashSize]
		}
		found = append(found, data)
	}
	return found, nil
}

func open(folder string) (tlog.Tree, tlog.HashReader) {
	key := strings.TrimSpace(string(must(os.ReadFile(filepath.Join(folder, "log.vkey")))))
	verifier := must(note.NewVerifier(key))
	signed := must(note.Open(must(os.ReadFile(filepath.Join(folder, "checkpoint"))), note.VerifierList(verifier)))
	lines := strings.Split(signed.Text, "\n")
	if lines[0] != verifier.Name() {
		check(fmt.Errorf("origin %q", lines[0]))
	}
	size := must(strconv.ParseInt(lines[1], 10, 64))
	var hash tlog.Hash
	copy(hash[:], must(base64.StdEncoding.DecodeString(lines[2])))
	tree := tlog.Tree{N: size, Hash: hash}
	return tree, tlog.TileHashReader(tree, tiles{folder})
}

func entries(folder string, size int64) [][]byte {
	var found [][]byte
	for index := int64(0); index*256 < size; index++ {
		width := int(min(size-index*256, 256))
		tile := tlog.Tile{H: 8, L: -1, N: index, W: width}
		data := must(os.ReadFile(filepath.Join(folder, strings.Replace(tile.Path(), "tile/8/data", "tile/entries", 1))))
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			found = append(found, data[2:2+length])
			data = data[2+length:]
		}
	}
	return found
}

func read(folder string) {
	tree, reader := open(folder)
	found := entries(folder, tree.N)
	if int64(len(found)) != tree.N {
		check(fmt.Errorf("%d entries of %d", len(found), tree.N))
	}
	for index, entry := range found {
		proof := must(tlog.ProveRecord(tree.N, int64(index), reader))
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, int64(index), tlog.RecordHash(entry)))
	}
	for size := int64(1); size < tree.N; size++ {
		old := must(tlog.TreeHash(size, reader))
		proof := must(tlog.ProveTree(tree.N, size, reader))
		check(tlog.CheckTree(proof, tree.N, tree.Hash, size, old))
	}
	fmt.Println(tree.N)
}

type made struct {
	Key        string
	Checkpoint string
	Proofs     [][]string
}

func write(size int64) {
	private, public := must2(note.GenerateKey(nil, "peer.example/log"))
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(wanted []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, place := range wanted {
			found = append(found, stored[place])
		}
		return found, nil
	})
	for number := int64(0); number < size; number++ {
		stored = append(stored, must(tlog.StoredHashes(number, []byte(fmt.Sprintf("peer %d", number)), reader))...)
	}
	hash := must(tlog.TreeHash(size, reader))
	text := fmt.Sprintf("peer.example/log\n%d\n%s\n", size, base64.StdEncoding.EncodeToString(hash[:]))
	signed := must(note.Sign(&note.Note{Text: text}, must(note.NewSigner(private))))
	answer := made{Key: public, Checkpoint: string(signed)}
	for number := int64(0); number < size; number++ {
		proof := []string{}
		for _, step := range must(tlog.ProveRecord(size, number, reader)) {
			proof = append(proof, base64.StdEncoding.EncodeToString(step[:]))
		}
		answer.Proofs = append(answer.Proofs, proof)
	}
	check(json.NewEncoder(os.Stdout).Encode(answer))
}

func must2(private, public string, err error) (string, string) {
	check(err)
	return private, public
}

func measure(folder string, count int64) {
	began := time.Now()
	for number := int64(0); number < count; number++ {
		tree, reader := open(folder)
		must(tlog.ProveRecord(tree.N, tree.N/count*number, reader))
	}
	fmt.Println(float64(time.Since(began).Microseconds()) / 1000 / float64(count))
}

func main() {
	switch os.Args[1] {
	case "read":
		read(os.Args[2])
	case "write":
		write(must(strconv.ParseInt(os.Args[2], 10, 64)))
	case "time":
		measure(os.Args[2], must(strconv.ParseInt(os.Args[3], 10, 64)))
	}
}
