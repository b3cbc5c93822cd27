{
  "dsseEnvelope": {
    "payload": "ewogICJfdHlwZSI6ICJodHRwczovL2luLXRvdG8uaW8vU3RhdGVtZW50L3YxIiwKICAic3ViamVjdCI6IFsKICAgIHsKICAgICAgIm5hbWUiOiAidHVtb3VyLWNsYXNzaWZpZXIuc2FmZXRlbnNvcnMiLAogICAgICAiZGlnZXN0IjogewogICAgICAgICJzaGEyNTYiOiAiNWRmMmM3MGMyZDFjNDRiZmVmYzc4ZmU1M2RkN2EwZTRmMzk1MDI5MjlmMmZmMjQzMjJjMjQ4MTg5NDA3YzRiYyIKICAgICAgfQogICAgfQogIF0sCiAgInByZWRpY2F0ZVR5cGUiOiAiaHR0cHM6Ly9tb2RlbF9zaWduaW5nL3NpZ25hdHVyZS92MS4wIiwKICAicHJlZGljYXRlIjogewogICAgInJlc291cmNlcyI6IFsKICAgICAgewogICAgICAgICJhbGdvcml0aG0iOiAic2hhMjU2IiwKICAgICAgICAiZGlnZXN0IjogIjMyOTI5NTRiNWRkYTAwZTU0ZTZiZGZiZGQxOGQ3ODMwNmEzMDkzNmU2ODgyY2E2MWI2MDQyYzRlYTA1ODI5YmUiLAogICAgICAgICJuYW1lIjogIi4iCiAgICAgIH0KICAgIF0sCiAgICAic2VyaWFsaXphdGlvbiI6IHsKICAgICAgImFsbG93X3N5bWxpbmtzIjogZmFsc2UsCiAgICAgICJtZXRob2QiOiAiZmlsZXMiLAogICAgICAiaGFzaF90eXBlIjogInNoYTI1NiIKICAgIH0KICB9Cn0=",
    "payloadType": "application/vnd.in-toto+json",
    "signatures": [
      {
        "keyid": "",
        "sig": "MEUCIQCl+6WcdEYZ9pLJYxgjb/S4gCjPBaJH4luEfUd9P2k3FgIgEo/bJCPSBsRiak1IAUcuYEnzGAPTw/ykofeRmqFcUJY="
      }
    ]
  },
  "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
  "verificationMaterial": {
    "publicKey": {
      "hint": "0eeee882bb2ad5b4eb5bdc71256653a3f864fad173d3f45ab862c05797040f73"
    },
    "tlogEntries": []
  }
}
