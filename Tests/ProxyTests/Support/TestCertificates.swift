import Foundation

/// Certificates for tests, good for a hundred years, and for nothing else.
enum TestCertificates {
    /// Writes one of the texts to a file in a folder.
    static func write(_ text: String, to name: String, in folder: URL) throws -> String {
        let file = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: file)
        return file.path
    }

    /// Signed the others.
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBjDCCATGgAwIBAgIUdEXTCAlJVqU2wGo95kRraSUMdQswCgYIKoZIzj0EAwIw
        EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yNjExMjEwOTMyMzNaGA8yMTI2MTAyODA5
        MzIzM1owEjEQMA4GA1UEAwwHVGVzdCBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH
        A0IABDVH7ppvVBFqk61ccaCVzdCH5RTJFidVAyEOKsGGFImvW1pKbQ8SNDOWTW+Q
        HZZX0Y14AjBTadEBcF/Uer4w2JCjYzBhMB0GA1UdDgQWBBTDNU+rztg7cLjMXA7D
        08EIa326oDAfBgNVHSMEGDAWgBTDNU+rztg7cLjMXA7D08EIa326oDAPBgNVHRMB
        Af8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAKBggqhkjOPQQDAgNJADBGAiEAn/Co
        1Lw2/1LpyFH2WLAB3mvkzdgE69nzUUeXrygmW0MCIQDOPbXZNcOh5u1OFZ8QnhWT
        DXnVJJVnLHmObMc/jFMBqw==
        -----END CERTIFICATE-----

        """

    /// Signed none of them.
    static let otherAuthority = """
        -----BEGIN CERTIFICATE-----
        MIIBkTCCATegAwIBAgIUD6tENISfaTmgZO4+fAf9/Fj1MtowCgYIKoZIzj0EAwIw
        FTETMBEGA1UEAwwKQW5vdGhlciBDQTAgFw0yNjExMjEwOTMyMzRaGA8yMTI2MTAy
        ODA5MzIzNFowFTETMBEGA1UEAwwKQW5vdGhlciBDQTBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABATXL3MTneFDU0tDqWJ4Suh3F3SbvXxV6vCGPyTfrFtUor93Eg/c
        rK4m1JPfToYS5P1VD9c8iyqwj3MHA4GP0yKjYzBhMB0GA1UdDgQWBBReMaKcvWIh
        P4/1n9mt99zYl64FGzAfBgNVHSMEGDAWgBReMaKcvWIhP4/1n9mt99zYl64FGzAP
        BgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAKBggqhkjOPQQDAgNIADBF
        AiAsH0CJQrIVNvz6tHLdfkx8THNGnPNo9RV5+saBr5Y4fAIhAN57rZ0Y+YfKhuM0
        WYzlfs5Y6yO5aaUfhGvcEBvmF6QW
        -----END CERTIFICATE-----

        """

    /// For `api.test` and 127.0.0.1.
    static let server = """
        -----BEGIN CERTIFICATE-----
        MIIBqTCCAVCgAwIBAgIUIcFQhT5u152Mw8H8gIvy2LEiIYUwCgYIKoZIzj0EAwIw
        EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yNjExMjEwOTMyMzRaGA8yMTI2MTAyODA5
        MzIzNFowEzERMA8GA1UEAwwIYXBpLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMB
        BwNCAARsB5ogqaqRL/Z8RHJmL215D1LvlBiYnW2Gi8uLAYfj1StZC4jZrOVo3GvR
        H2HTUIg7ya85VPvdS80lDL6oqXP5o4GAMH4wDAYDVR0TAQH/BAIwADATBgNVHSUE
        DDAKBggrBgEFBQcDATAZBgNVHREEEjAQgghhcGkudGVzdIcEfwAAATAdBgNVHQ4E
        FgQUEhIxRZhM0YsdazBQVIxEBq+uc30wHwYDVR0jBBgwFoAUwzVPq87YO3C4zFwO
        w9PBCGt9uqAwCgYIKoZIzj0EAwIDRwAwRAIgEAEVv3gxLuzyCXl9N0rQznc6qzXa
        99aho8rLmqsVq3wCIF/EC4e6GPrF2F1Il/e7ELRFptuP3DxmEV8Ptd9htjGz
        -----END CERTIFICATE-----

        """

    /// The server's key.
    static let serverKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAYU/yNBNxu5mDIJP
        xkM3Rk/b9HHf+3NWe2sFTArz/MuhRANCAARsB5ogqaqRL/Z8RHJmL215D1LvlBiY
        nW2Gi8uLAYfj1StZC4jZrOVo3GvRH2HTUIg7ya85VPvdS80lDL6oqXP5
        -----END PRIVATE KEY-----

        """

    /// For `api.test` only.
    static let named = """
        -----BEGIN CERTIFICATE-----
        MIIBozCCAUmgAwIBAgIUIcFQhT5u152Mw8H8gIvy2LEiIYYwCgYIKoZIzj0EAwIw
        EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yNjExMjEwOTMyMzVaGA8yMTI2MTAyODA5
        MzIzNVowEzERMA8GA1UEAwwIYXBpLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMB
        BwNCAATmwrkWNUNRz09Vgp5ZWCql+PCq1vy3MK7hXpnU7GyDNsGGFIlb5hok8f4A
        QpUp4wua80Pbkpt7beI843ZQsfwPo3oweDAMBgNVHRMBAf8EAjAAMBMGA1UdJQQM
        MAoGCCsGAQUFBwMBMBMGA1UdEQQMMAqCCGFwaS50ZXN0MB0GA1UdDgQWBBRj/gts
        ITEGSqoBUikOPQuuSHkL/zAfBgNVHSMEGDAWgBTDNU+rztg7cLjMXA7D08EIa326
        oDAKBggqhkjOPQQDAgNIADBFAiEAgnJ6hIM2dqkirciGkeu3OHfFzNEDjqMSplvk
        GssnG2cCICzzrOfiUG6jqb9JrZBhg1Zj+KcQ6ioB/dqb+6orTpnX
        -----END CERTIFICATE-----

        """

    /// Its key.
    static let namedKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQge4PLi4bhC4BrLNua
        tyM6Fh41nFtV+U3EL8u0Mor16DyhRANCAATmwrkWNUNRz09Vgp5ZWCql+PCq1vy3
        MK7hXpnU7GyDNsGGFIlb5hok8f4AQpUp4wua80Pbkpt7beI843ZQsfwP
        -----END PRIVATE KEY-----

        """

    /// For the gateway as a client.
    static let client = """
        -----BEGIN CERTIFICATE-----
        MIIBoTCCAUegAwIBAgIUIcFQhT5u152Mw8H8gIvy2LEiIYcwCgYIKoZIzj0EAwIw
        EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yNjExMjEwOTMyMzZaGA8yMTI2MTAyODA5
        MzIzNlowEjEQMA4GA1UEAwwHZ2F0ZXdheTBZMBMGByqGSM49AgEGCCqGSM49AwEH
        A0IABIKHzpLtCNjKmPZybXtQkmk0PNjXoQVpxf9E+br17vZKcHlftyxV9bXl07wp
        fJUU5kKJeBKxoD7QVtwIzt1y1zajeTB3MAwGA1UdEwEB/wQCMAAwEwYDVR0lBAww
        CgYIKwYBBQUHAwIwEgYDVR0RBAswCYIHZ2F0ZXdheTAdBgNVHQ4EFgQU9S6wer51
        WobyaAMCz6h9D2DBgCQwHwYDVR0jBBgwFoAUwzVPq87YO3C4zFwOw9PBCGt9uqAw
        CgYIKoZIzj0EAwIDSAAwRQIhAPNILfLopx44GOvfIAPG2Y9XygDId9WV7iuROPad
        jYo4AiA++RNGyZ5mVloYULVbHeF3akDerTnPgp6jCNKfQ0EYCw==
        -----END CERTIFICATE-----

        """

    /// Its key.
    static let clientKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgu+nrTnw7ZWLLQ6k8
        yJsCN15AsjzuDv1hqvw44uDpsFehRANCAASCh86S7QjYypj2cm17UJJpNDzY16EF
        acX/RPm69e72SnB5X7csVfW15dO8KXyVFOZCiXgSsaA+0FbcCM7dctc2
        -----END PRIVATE KEY-----

        """
}
