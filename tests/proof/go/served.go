// Command served reads a log from its server with golang.org/x/mod/sumdb: the checkpoint, tiles, leaves, a consistency
// proof and the proof of an event. It reads JSON from standard input. tests/proof/go-served.test.ts runs it.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// request names the server. Log is the address of the log, Proof that of the proof of the event with this leaf.
type request struct {
	Log   string
	Proof string
	Leaf  string
	Token string
	Key   string
	Older int64
}

func main() {
	var r request
	if err := json.NewDecoder(os.Stdin).Decode(&r); err != nil {
		panic(err)
	}
	size, err := r.check()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(size)
}

func (r request) check() (int64, error) {
	text, err := r.get(r.Log + "/checkpoint")
	if err != nil {
		return 0, err
	}
	tree, err := r.open(text)
	if err != nil {
		return 0, err
	}
	reader := tlog.TileHashReader(tree, served{r})
	if err := r.checkLeaves(tree, reader); err != nil {
		return 0, err
	}
	if err := r.checkGrowth(tree, reader); err != nil {
		return 0, err
	}
	return tree.N, r.checkEvent()
}

// open verifies a signed checkpoint.
func (r request) open(text []byte) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(r.Key)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// checkLeaves compares each served leaf with its hash in the tiles, which the reader has verified.
func (r request) checkLeaves(tree tlog.Tree, reader tlog.HashReader) error {
	for first := int64(0); first < tree.N; first += 256 {
		width := 256
		if tree.N-first < 256 {
			width = int(tree.N - first)
		}
		path := tlog.Tile{H: 8, L: -1, N: first / 256, W: width}.Path()
		bundle, err := r.get(r.Log + "/" + strings.Replace(path, "tile/8/data/", "tile/entries/", 1))
		if err != nil {
			return err
		}
		for at := 0; at < width; at++ {
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, first+int64(at))})
			if err != nil {
				return err
			}
			if hashes[0] != tlog.RecordHash(bundle[2:end]) {
				return fmt.Errorf("leaf %d has another hash", first+int64(at))
			}
			bundle = bundle[end:]
		}
		if len(bundle) > 0 {
			return fmt.Errorf("bundle %d is longer", first/256)
		}
	}
	return nil
}

func (r request) checkGrowth(tree tlog.Tree, reader tlog.HashReader) error {
	text, err := r.get(fmt.Sprintf("%s/consistency?from=%d", r.Log, r.Older))
	if err != nil {
		return err
	}
	head, _, _ := strings.Cut(string(text), "\n\n")
	proof, err := hashesOf(strings.Split(head, "\n")[1:])
	if err != nil {
		return err
	}
	older, err := tlog.TreeHash(r.Older, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(tlog.TreeProof(proof), tree.N, tree.Hash, r.Older, older)
}

func (r request) checkEvent() error {
	text, err := r.get(r.Proof)
	if err != nil {
		return err
	}
	head, checkpoint, _ := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	tree, err := r.open([]byte(checkpoint))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	proof, err := hashesOf(lines[2:])
	if err != nil {
		return err
	}
	return tlog.CheckRecord(tlog.RecordProof(proof), tree.N, tree.Hash, index, tlog.RecordHash([]byte(r.Leaf)))
}

func hashesOf(lines []string) ([]tlog.Hash, error) {
	hashes := []tlog.Hash{}
	for _, line := range lines {
		bytes, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(bytes) != tlog.HashSize {
			return nil, fmt.Errorf("%q is no hash", line)
		}
		var hash tlog.Hash
		copy(hash[:], bytes)
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// served reads tiles over HTTP by the paths of C2SP, which do not name the height.
type served struct{ request }

func (served) Height() int                     { return 8 }
func (served) SaveTiles([]tlog.Tile, [][]byte) {}
func (s served) ReadTiles(requested []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range requested {
		hashes, err := s.get(s.Log + "/" + strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		data = append(data, hashes)
	}
	return data, nil
}

// known has the files that were read, because the reader of hashes asks for the same tiles again.
var known = map[string][]byte{}

func (r request) get(address string) ([]byte, error) {
	if body, ok := known[address]; ok {
		return body, nil
	}
	asked, err := http.NewRequest("GET", address, nil)
	if err != nil {
		return nil, err
	}
	asked.Header.Set("Authorization", "Bearer "+r.Token)
	answer, err := http.DefaultClient.Do(asked)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != 200 {
		err = fmt.Errorf("%s: %s: %s", address, answer.Status, body)
	}
	known[address] = body
	return body, err
}
