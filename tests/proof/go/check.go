// Command check verifies with golang.org/x/mod/sumdb what the product made, and makes the same for the product to verify.
// It reads JSON from standard input and writes JSON to standard output. tests/proof/go.test.ts runs it.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type record struct {
	Index int64
	Hash  tlog.Hash
	Proof []tlog.Hash
}

type growth struct {
	Older int64
	Root  tlog.Hash
	Proof []tlog.Hash
}

type tree struct {
	Size    int64
	Root    tlog.Hash
	Tiles   map[string][]byte
	Records []record
	Growths []growth
}

type signed struct {
	Note string
	Key  string
}

// all is what each side shows the other. Errors is for the answer only.
type all struct {
	Notes  []signed
	Trees  []tree
	Errors []string
}

func main() {
	var shown, made all
	if err := json.NewDecoder(os.Stdin).Decode(&shown); err != nil {
		panic(err)
	}
	for _, s := range shown.Notes {
		if err := checkNote(s); err != nil {
			made.Errors = append(made.Errors, fmt.Sprintf("note: %v", err))
		}
		made.Notes = append(made.Notes, makeNote(s))
	}
	for _, t := range shown.Trees {
		if err := checkTree(t); err != nil {
			made.Errors = append(made.Errors, fmt.Sprintf("tree of %d: %v", t.Size, err))
		}
		made.Trees = append(made.Trees, makeTree(t))
	}
	if err := json.NewEncoder(os.Stdout).Encode(made); err != nil {
		panic(err)
	}
}

func checkNote(s signed) error {
	verifier, err := note.NewVerifier(s.Key)
	if err != nil {
		return err
	}
	opened, err := note.Open([]byte(s.Note), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	if len(opened.Sigs) != 1 {
		return fmt.Errorf("%d signatures", len(opened.Sigs))
	}
	return nil
}

// makeNote signs the text of a note with a key of its own.
func makeNote(s signed) signed {
	seed := sha256.Sum256([]byte(s.Key))
	secret, key, err := note.GenerateKey(strings.NewReader(string(seed[:])), "go.example/"+strings.Split(s.Key, "+")[1])
	if err != nil {
		panic(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		panic(err)
	}
	text := s.Note[:strings.LastIndex(s.Note, "\n\n")+1]
	bytes, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		panic(err)
	}
	return signed{Note: string(bytes), Key: key}
}

// tiles reads tiles by the paths of C2SP, which do not name the height.
type tiles map[string][]byte

func (t tiles) Height() int                     { return 8 }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(requested []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range requested {
		hashes, ok := t[pathOf(tile)]
		if !ok {
			return nil, fmt.Errorf("no tile %s", pathOf(tile))
		}
		data = append(data, hashes)
	}
	return data, nil
}

func pathOf(tile tlog.Tile) string { return strings.Replace(tile.Path(), "tile/8/", "tile/", 1) }

func checkTree(t tree) error {
	reader := tlog.TileHashReader(tlog.Tree{N: t.Size, Hash: t.Root}, tiles(t.Tiles))
	for _, r := range t.Records {
		proof, err := tlog.ProveRecord(t.Size, r.Index, reader)
		if err != nil {
			return err
		}
		if fmt.Sprint(proof) != fmt.Sprint(tlog.RecordProof(r.Proof)) {
			return fmt.Errorf("another inclusion proof of %d", r.Index)
		}
		if err := tlog.CheckRecord(r.Proof, t.Size, t.Root, r.Index, r.Hash); err != nil {
			return err
		}
	}
	for _, g := range t.Growths {
		proof, err := tlog.ProveTree(t.Size, g.Older, reader)
		if err != nil {
			return err
		}
		if fmt.Sprint(proof) != fmt.Sprint(tlog.TreeProof(g.Proof)) {
			return fmt.Errorf("another consistency proof from %d", g.Older)
		}
		if err := tlog.CheckTree(g.Proof, t.Size, t.Root, g.Older, g.Root); err != nil {
			return err
		}
	}
	return nil
}

// makeTree makes the tree of the leaves “go leaf 0” and so on, with the size and the proofs that another tree has.
func makeTree(like tree) tree {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, index := range indexes {
			hashes = append(hashes, stored[index])
		}
		return hashes, nil
	})
	for n := int64(0); n < like.Size; n++ {
		hashes, err := tlog.StoredHashes(n, []byte(fmt.Sprintf("go leaf %d", n)), reader)
		if err != nil {
			panic(err)
		}
		stored = append(stored, hashes...)
	}
	root := func(size int64) tlog.Hash {
		hash, err := tlog.TreeHash(size, reader)
		if err != nil {
			panic(err)
		}
		return hash
	}
	result := tree{Size: like.Size, Root: root(like.Size), Tiles: map[string][]byte{}}
	for _, tile := range tlog.NewTiles(8, 0, like.Size) {
		data, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			panic(err)
		}
		if _, ok := like.Tiles[pathOf(tile)]; ok {
			result.Tiles[pathOf(tile)] = data
		}
	}
	for _, r := range like.Records {
		proof, err := tlog.ProveRecord(like.Size, r.Index, reader)
		if err != nil {
			panic(err)
		}
		hash := tlog.RecordHash([]byte(fmt.Sprintf("go leaf %d", r.Index)))
		result.Records = append(result.Records, record{r.Index, hash, proof})
	}
	for _, g := range like.Growths {
		proof, err := tlog.ProveTree(like.Size, g.Older, reader)
		if err != nil {
			panic(err)
		}
		result.Growths = append(result.Growths, growth{g.Older, root(g.Older), proof})
	}
	return result
}
