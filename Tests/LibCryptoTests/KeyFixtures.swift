/// Keys made by other programs for these tests; none protects anything.
enum KeyFixtures {
    /// Made by `openssl ecparam -genkey -name prime256v1`.
    static let traditionalEC = """
        -----BEGIN EC PARAMETERS-----
        BggqhkjOPQMBBw==
        -----END EC PARAMETERS-----
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIMma4tjQORN/KJW8tjjGgCF/igI4WtE1uqZ9MUkM2qNroAoGCCqGSM49
        AwEHoUQDQgAErnuHl74+tb6rQVkCSHn3e4peuzA1f+ZVnxgvBmUkx6p3h0crPk+e
        eGdPO+OGGmzpAv1ZOjgszzZIr8LusmVw6Q==
        -----END EC PRIVATE KEY-----
        """

    /// Made by `openssl ec -aes128`.
    static let encryptedTraditionalEC = """
        -----BEGIN EC PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-128-CBC,1B8341A1C53EAC1F356E9908B65D4AFC

        7uRUv5mHazfHN0NeYMTEk7V+F1KePcvnCe2hDkTJE8290IOwsuFOS2wqhdyQsTKT
        Mf1BjdZEu59sRgHalL0mk8t9dPKNDycUG1/D+zlk/iBlpMr9qrSfQLkUzc/BGsMb
        29BFf9YzO5ZpZGpEV23fZ9JgR5jrMMTBb+AA9yU7ivE=
        -----END EC PRIVATE KEY-----
        """

    /// Made by `openssl pkey -aes256`.
    static let encryptedPKCS8 = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj1Vpw3zLdbzAICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEI7BEKDLL9gTmKsZ/tyjDvMEQDl5
        7QnEnTHsGbflCSGj1nYW7S5ZebmjPm/H6rbOmRtgO4yEh4EFSBjjcK06/M92VUiE
        A9/+kku+3BrB5MEyiQc=
        -----END ENCRYPTED PRIVATE KEY-----
        """

    /// P-256 with its parameters spelled out, by `openssl pkey -pubout -ec_param_enc explicit`.
    static let explicitCurvePublicKey = """
        -----BEGIN PUBLIC KEY-----
        MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA
        AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////
        ///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd
        NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5
        RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA
        //////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABJ1lN9fjVc3DAC/FfJfZSASl
        pk5OaWx4Jj8NDmDFliyY8wqR7ombrbAx2odv/sZVP9/CdVYyRfdJQonFQlHAafg=
        -----END PUBLIC KEY-----
        """

    /// Made by `openssl pkey -ec_param_enc explicit`.
    static let explicitCurvePrivateKey = """
        -----BEGIN PRIVATE KEY-----
        MIIBeQIBADCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAAB
        AAAAAAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA
        ///////////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMV
        AMSdNgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg
        9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8A
        AAAA//////////+85vqtpxeehPO5ysL8YyVRAgEBBG0wawIBAQQg0KC6GOBZzKOb
        jvsqd0fmJZilKQbtIgtjpE4U5MFPJMahRANCAAQJmv0WSstmDpPlr5yAB5L0TocQ
        hcSbMy9yeGpxM/5PwOTXkGlps+Za1lGj78pbxgKqEkwfBquJW2HW89l28thv
        -----END PRIVATE KEY-----
        """

    /// A curve that JOSE has, but this program has not.
    static let secp256k1PublicKey = """
        -----BEGIN PUBLIC KEY-----
        MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEpKD8WEutjmsaozZQLl3f+KVy11kBfuQi
        yyYJXLsYtZXqLQdoS0GLTeeGq+m7+S0ItjcV9+stnsICQ96X0GJbFQ==
        -----END PUBLIC KEY-----
        """

    /// A key for key agreement.
    static let x25519PublicKey = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VuAyEAXk3DMisVlwBvja6H0YLpIzgoyHNo3zmNwzxj3yCOkzI=
        -----END PUBLIC KEY-----
        """

    /// id-RSASSA-PSS, by `openssl genpkey -algorithm rsa-pss`.
    static let restrictedPSSPublicKey = """
        -----BEGIN PUBLIC KEY-----
        MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAM6Yrnf5xtFOJO26EMYl4vIw
        80lgh5nC1cd/zCJvS6srQsHBQgI6A/lJ6ComoVTy1oPTc6OT/3RPMOtVeKf3zNz2
        mGKBCQ+UdpzjXC6FRzFSdatG229uKeJ2sOY1LNOmdVq1PrvVXqQPIFhxE9wjbqY9
        dvCbYdDAsKgJ/bQ2IQocGVHC83uO6IVFyHd1xvkFJOBXpiVCsBtae5kjS6tKd2D/
        uBT7siwDNmuhmUgO3lmHaVxXZM43KlMIktM7RgcBCKgZVrZXWqF3WkauETaDSJ8d
        aXehTY0AtwU1FkA5uxXITNBrKR/N0xGp3NJkdOzQrZq993i+k8VAOeWXBRBYrC0C
        AwEAAQ==
        -----END PUBLIC KEY-----
        """

    /// Made by `openssl genrsa 1024`.
    static let rsa1024PublicKey = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCloWYsFabbld+gE7nEWcGg19BK
        arvxo8hiNUMzKxCWeL5G7bZsj8ghwoMZLDorl6PQVVQyIvk31/DYXBecqNSMNGwD
        nCtGLsZBAb1zUDa/FhZghE3byhriMD+3v8JkvjXAWUPYMWFJWGOX40dGy1brb/IF
        qrO9XPKCnP/Hzjw7oQIDAQAB
        -----END PUBLIC KEY-----
        """

    /// By Python's cryptography.
    static let pythonP256PublicKey = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjt7aJxRP/ISJ16uLOJaNvavfdOuT
        vKy7Pw1mF8cXPm1l9nawHO11ISl8sPlKMPIuz5peKv46enCTmFadITKxZQ==
        -----END PUBLIC KEY-----
        """

    /// By Python's cryptography.
    static let pythonP256PrivateKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg47xqnoU/S8ZmF6P7
        1w7CMnwI3i0Jl/QFEITld6Nw1wyhRANCAASO3tonFE/8hInXq4s4lo29q99065O8
        rLs/DWYXxxc+bWX2drAc7XUhKXyw+Uow8i7Pml4q/jp6cJOYVp0hMrFl
        -----END PRIVATE KEY-----
        """

    /// By PyJWT with the key above.
    static let pythonES256Token = """
        eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSJ9.al3PWpEjvQOY3B4QZpN80GM4_jq0ObMm\
        nkSPKuZZlK5jRgIs983Y-ZWMtulmpbdFe0MRI5V116VrnZuYkXQPMg
        """

    /// By Python's cryptography.
    static let pythonEd25519PublicKey = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEATQHlmPe6ApPDooFubq3lmXNcnawX0QFbEEsaC3hh9T0=
        -----END PUBLIC KEY-----
        """

    /// By Python's cryptography.
    static let pythonEd25519PrivateKey = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIBFL+UpMx6/m59BQg0cZTFSTNWmKEgetNvI9L7JCy7W2
        -----END PRIVATE KEY-----
        """

    /// By PyJWT with the key above.
    static let pythonEdDSAToken = """
        eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSJ9.c_VcfZha6srLUvSPdphGkAz_xOvyZ4Y-\
        3b1TS9rGsbvRDNdl0YBvsX5uVX6V4sduPr27vcILynLZ_vrQMENgCw
        """

    /// By Python's cryptography.
    static let pythonRSAPublicKey = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtz4681MP/oYzKYxdtrxL
        YdrGQ7LkTb4NhWjTMCfIRSryV/0DAJyMBqof4CgoIgvnuznDQ3XniUa+dnAjCLXR
        sdSk3j1OGN0Tcd1HQuNLA2Q1jHcpMmVaGl1f4xHkZQQR7PToqv943AmacuNQNXpU
        Z/skiRE4fvGLr9/+fqklyx3KIXOG1A6ocYqFJO0eSWl/BugPQYmKrf8XZeyqL1VU
        Tt5AVNVSdalbHUWeuvc90hGC53/m+JZ4cPr9Ln5Tt55vZcbFdmUXbqhOfDGWpWZc
        nmw9y6XlFzI64CHnn2j6/IH86iDSEESAXbzdCaexzKbBb1ZLKuqx6Rr2YZTHx9DM
        pwIDAQAB
        -----END PUBLIC KEY-----
        """

    /// By PyJWT with the key above.
    static let pythonPS256Token = """
        eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSJ9.RjXY2gdh4FVN7azb11ULdN6FzUnlSc1s\
        T19rP_0WhPZuEg4hjZdb3mNNBV75Basuvhv_xght7ovOaeHLFDyRupaUkDe8TiRSdlGcpWt4sZLlr7enA17XriDvcj\
        yfS7KG87t_-993nX9GqytiABXkqD94y0hxeg2a63T6qb6Xj5PzuNCQJ6CpDH9G5kCpPwy92LXJVrDmUV7tIClPyC03\
        e12t5k6ZkijDDqJ7u_fw4CTZOW4t4nyAv6aqLWayeQqWC38Kli9983wIWvzN5ETfgeID6OCXZ7z3JeY-Q3O1gySRx2\
        PVYDt2sLI0-BylMpR4QEEqRtlOXTJO7uqDruUrTw
        """
}
