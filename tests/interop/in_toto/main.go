// Command verify checks a verdict with in-toto's own Go libraries: the envelope with its DSSE verifier, the statement
// with its statement types. Usage: verify ENVELOPE PUBLIC_KEY KEY_ID PREDICATE_TYPE SHA256
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/in-toto/in-toto-golang/in_toto"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"
)

func main() {
	if len(os.Args) != 6 {
		fail(errors.New("usage: verify ENVELOPE PUBLIC_KEY KEY_ID PREDICATE_TYPE SHA256"))
	}
	if err := verify(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
		fail(err)
	}
	fmt.Println("verified")
}

func verify(path, keyPath, keyID, predicateType, sha256 string) error {
	verifier, err := load(keyPath, keyID)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var envelope dsse.Envelope
	if err := json.Unmarshal(data, &envelope); err != nil {
		return err
	}
	checker, err := dsse.NewEnvelopeVerifier(verifier)
	if err != nil {
		return err
	}
	if _, err := checker.Verify(context.Background(), &envelope); err != nil {
		return err
	}
	payload, err := envelope.DecodeB64Payload()
	if err != nil {
		return err
	}
	return check(envelope.PayloadType, payload, predicateType, sha256)
}

func check(payloadType string, payload []byte, predicateType, sha256 string) error {
	var statement in_toto.Statement
	if err := json.Unmarshal(payload, &statement); err != nil {
		return err
	}
	if payloadType != in_toto.PayloadType || statement.PredicateType != predicateType {
		return fmt.Errorf("%s with %s", payloadType, statement.PredicateType)
	}
	for _, subject := range statement.Subject {
		if subject.Digest["sha256"] == sha256 {
			return nil
		}
	}
	return errors.New("it is not about this subject")
}

func load(path, keyID string) (dsse.Verifier, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := signerverifier.LoadKey(data)
	if err != nil {
		return nil, err
	}
	key.KeyID = keyID
	switch key.KeyType {
	case signerverifier.ED25519KeyType:
		return signerverifier.NewED25519SignerVerifierFromSSLibKey(key)
	case signerverifier.ECDSAKeyType:
		return signerverifier.NewECDSASignerVerifierFromSSLibKey(key)
	}
	return nil, fmt.Errorf("no verifier for %s keys", key.KeyType)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
