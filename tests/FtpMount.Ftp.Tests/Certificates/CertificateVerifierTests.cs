using System.Formats.Asn1;
using System.Text;
using CsCheck;
using FtpMount.Ftp.Certificates;
using FtpMount.Remote;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Ftp.Tests.Certificates;

public sealed class CertificateVerifierTests : IDisposable
{
    private const string Host = "ftp.example.org";

    private readonly string _folder = Directory.CreateTempSubdirectory("ftpmount-certificates-").FullName;
    private readonly TestAuthority _root = new();
    private readonly FakeTimeProvider _time = new(TestAuthority.Now);
    private readonly RecordingLogger _log = new();

    public void Dispose()
    {
        _root.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string AuthorityFile(params ReadOnlyMemory<byte>[] certificates)
    {
        var file = Path.Combine(_folder, Path.GetRandomFileName());
        File.WriteAllText(file, string.Concat(certificates.Select(der => $"# a comment\n{System.Security.Cryptography.PemEncoding.WriteString("CERTIFICATE", der.Span)}\n")));
        return file;
    }

    private CertificateTrustOptions TrustRoot => new() { AuthorityFile = AuthorityFile(_root.Der) };

    private CertificateTrustOptions OnFirstUse =>
        new() { Verification = CertificateVerification.TrustOnFirstUse, KnownCertificatesFile = Path.Combine(_folder, "state", "known_certificates") };

    private void Verify(CertificateTrustOptions options, string host, params ReadOnlyMemory<byte>[] chain) =>
        new CertificateVerifier(options, host, 21, _time, _log).Verify(chain);

    private string Refusal(CertificateTrustOptions options, string host, params ReadOnlyMemory<byte>[] chain)
    {
        var refused = Assert.Throws<RemoteException>(() => Verify(options, host, chain));
        Assert.Equal(RemoteError.Untrusted, refused.Error);
        Assert.DoesNotContain(refused.Message, char.IsControl);
        return refused.Message;
    }

    [Fact]
    public void A_certificate_of_a_trusted_authority_for_this_host_is_accepted() => Verify(TrustRoot, Host, _root.Issue([Host]));

    [Fact]
    public void An_authority_file_in_der_is_understood()
    {
        var file = Path.Combine(_folder, "ca.der");
        File.WriteAllBytes(file, _root.Der.Span);
        Verify(new CertificateTrustOptions { AuthorityFile = file }, Host, _root.Issue([Host]));
    }

    [Fact]
    public void An_authority_file_that_is_missing_or_empty_or_garbage_is_named()
    {
        var empty = AuthorityFile();
        var garbage = Path.Combine(_folder, "garbage");
        File.WriteAllText(garbage, "hello");
        foreach (var file in new[] { empty, garbage, Path.Combine(_folder, "missing") })
            Assert.Contains(file, Refusal(new CertificateTrustOptions { AuthorityFile = file }, Host, _root.Issue([Host])), StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_that_this_system_does_not_know_is_refused()
    {
        var message = Refusal(new CertificateTrustOptions(), Host, _root.Issue([Host]), _root.Der);
        Assert.Contains("its authority 'CN=Test Root' is not among this system's authorities", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_systems_authorities_do_not_count_beside_an_authority_file()
    {
        using var other = new TestAuthority("Other");
        var message = Refusal(TrustRoot, Host, other.Issue([Host]));
        Assert.Contains("'CN=Other' is neither among the authorities in", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_of_the_same_name_and_another_key_is_refused()
    {
        using var impostor = new TestAuthority();
        Refusal(TrustRoot, Host, impostor.Issue([Host]));
        Refusal(TrustRoot, Host, impostor.Issue([Host]), impostor.Der);
        Refusal(TrustRoot, Host, impostor.Issue([Host]), _root.Der);
    }

    [Fact]
    public void The_refusal_says_who_when_what_and_which_option_accepts_exactly_this()
    {
        var certificate = TestAuthority.SelfSigned("nas.local");
        var message = Refusal(TrustRoot, Host, certificate);
        var fingerprint = CertificateFingerprint.Of(certificate).ToString();
        foreach (var part in new[]
        {
            "ftp.example.org port 21", "self-signed", "it is for nas.local and not for ftp.example.org", "Subject 'CN=nas.local'", "issuer 'CN=nas.local'",
            "2026-05-16 12:00 UTC", "2026-08-14 12:00 UTC", $"-o tls-fingerprint={fingerprint}",
        })
            Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.True(CertificateFingerprint.TryParse(fingerprint, out var pinned));
        Verify(new CertificateTrustOptions { Fingerprints = [pinned] }, Host, certificate);
    }

    [Fact]
    public void An_expired_certificate_is_refused_by_the_clock_that_was_given()
    {
        var certificate = _root.Issue([Host], to: TestAuthority.Now.AddDays(2));
        Verify(TrustRoot, Host, certificate);
        _time.Advance(TimeSpan.FromDays(3));
        Assert.Contains("it expired on 2026-06-17", Refusal(TrustRoot, Host, certificate), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_of_tomorrow_is_refused() => Assert.Contains(
        "it is not valid before 2026-06-16", Refusal(TrustRoot, Host, _root.Issue([Host], from: TestAuthority.Now.AddDays(1))), StringComparison.Ordinal);

    [Fact]
    public void An_expired_intermediate_is_named()
    {
        using var intermediate = new TestAuthority("Issuing", _root);
        var certificate = intermediate.Issue([Host], to: TestAuthority.Now.AddYears(4).AddMonths(6));
        Verify(TrustRoot, Host, certificate, intermediate.Der);
        _time.Advance(TimeSpan.FromDays((365.25 * 4) + 30));
        var message = Refusal(TrustRoot, Host, certificate, intermediate.Der);
        Assert.Contains("the certificate of its issuer 'CN=Issuing' expired", message, StringComparison.Ordinal);
        Assert.DoesNotContain("it expired", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_intermediate_that_the_server_sends_is_used_in_any_order_and_beside_rubbish()
    {
        using var first = new TestAuthority("First", _root);
        using var second = new TestAuthority("Second", first);
        var certificate = second.Issue([Host]);
        Verify(TrustRoot, Host, certificate, second.Der, first.Der);
        Verify(TrustRoot, Host, certificate, first.Der, second.Der, _root.Der);
        Verify(TrustRoot, Host, certificate, first.Der, second.Der, new byte[] { 1, 2, 3 });
        Verify(TrustRoot, Host, certificate, Array.Empty<byte>(), first.Der, second.Der);
    }

    [Fact]
    public void An_intermediate_that_is_missing_is_named()
    {
        using var intermediate = new TestAuthority("Issuing", _root);
        var message = Refusal(TrustRoot, Host, intermediate.Issue([Host]));
        Assert.Contains("its issuer 'CN=Issuing' is neither among the authorities in", message, StringComparison.Ordinal);
        Assert.Contains("nor sent by the server", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_authorities_may_hold_an_intermediate_or_the_servers_own_certificate()
    {
        using var intermediate = new TestAuthority("Issuing", _root);
        var certificate = intermediate.Issue([Host]);
        Verify(new CertificateTrustOptions { AuthorityFile = AuthorityFile(intermediate.Der) }, Host, certificate);
        Verify(new CertificateTrustOptions { AuthorityFile = AuthorityFile(certificate) }, Host, certificate);
        var selfSigned = TestAuthority.SelfSigned(Host);
        Verify(new CertificateTrustOptions { AuthorityFile = AuthorityFile(selfSigned) }, Host, selfSigned);
    }

    [Fact]
    public void A_trusted_intermediate_does_not_vouch_for_what_it_did_not_sign()
    {
        using var intermediate = new TestAuthority("Issuing", _root);
        using var impostor = new TestAuthority("Issuing");
        var options = new CertificateTrustOptions { AuthorityFile = AuthorityFile(intermediate.Der) };
        Refusal(options, Host, impostor.Issue([Host]));
        Refusal(options, Host, impostor.Issue([Host]), intermediate.Der);
        var changed = intermediate.Issue([Host]);
        changed[^3] ^= 1; // in the signature
        Refusal(options, Host, changed);
        Refusal(TrustRoot, Host, changed, intermediate.Der);
        var own = intermediate.Issue([Host], to: TestAuthority.Now.AddDays(-1));
        Assert.Contains("it expired", Refusal(new CertificateTrustOptions { AuthorityFile = AuthorityFile(own) }, Host, own), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_certificate_cannot_issue_others()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        using var leaf = _root.IssueWithKey(key);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=forged", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        var names = new System.Security.Cryptography.X509Certificates.SubjectAlternativeNameBuilder();
        names.AddDnsName(Host);
        request.CertificateExtensions.Add(names.Build());
        using var forged = request.Create(
            leaf.SubjectName, System.Security.Cryptography.X509Certificates.X509SignatureGenerator.CreateForECDsa(key), TestAuthority.Now.AddDays(-1), TestAuthority.Now.AddDays(1), [1]);
        Refusal(TrustRoot, Host, forged.RawData, leaf.RawData);
    }

    [Fact]
    public void Only_certificates_for_servers_are_accepted()
    {
        const string Client = "1.3.6.1.5.5.7.3.2";
        Assert.Contains("not meant for servers", Refusal(TrustRoot, Host, _root.Issue([Host], uses: [Client])), StringComparison.Ordinal);
        Verify(TrustRoot, Host, _root.Issue([Host], uses: [Client, "1.3.6.1.5.5.7.3.1"]));
        Verify(TrustRoot, Host, _root.Issue([Host], uses: ["2.5.29.37.0"]));
        using var clients = new TestAuthority("Clients only", _root, uses: [Client]);
        Assert.Contains("'CN=Clients only' may not issue", Refusal(TrustRoot, Host, clients.Issue([Host]), clients.Der), StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_is_held_to_the_names_that_it_may_issue_for()
    {
        using var limited = new TestAuthority("Limited", _root, permittedDnsName: "example.net");
        Verify(TrustRoot, "ftp.example.net", limited.Issue(["ftp.example.net"]), limited.Der);
        Refusal(TrustRoot, Host, limited.Issue([Host]), limited.Der);
    }

    [Theory]
    [InlineData("ftp.example.org", "ftp.example.org")]
    [InlineData("FTP.Example.ORG", "ftp.example.org")]
    [InlineData("ftp.example.org", "FTP.EXAMPLE.ORG")]
    [InlineData("ftp.example.org.", "ftp.example.org")]
    [InlineData("ftp.example.org", "*.example.org")]
    [InlineData("ftp.example.org", "*.EXAMPLE.org")]
    [InlineData("bücher.example.org", "xn--bcher-kva.example.org")]
    [InlineData("BÜCHER.example.org", "XN--BCHER-KVA.example.org")]
    [InlineData("bücher.example.org", "*.example.org")]
    [InlineData("my_nas.local", "my_nas.local")]
    [InlineData("nas", "nas")]
    public void A_host_fits_a_name(string host, string name) => Verify(TrustRoot, host, Named(name));

    [Theory]
    [InlineData("ftp.example.org", "example.org")]
    [InlineData("example.org", "*.example.org")]
    [InlineData("a.ftp.example.org", "*.example.org")]
    [InlineData("ftp.example.org", "*.org")]
    [InlineData("example.org", "*.org")]
    [InlineData("localhost", "*")]
    [InlineData("ftp.example.org", "*")]
    [InlineData("ftp.example.org", "*.*.org")]
    [InlineData("ftp.example.org", "f*.example.org")]
    [InlineData("ftp.example.org", "*p.example.org")]
    [InlineData("ftp.example.org", "ftp.*.org")]
    [InlineData("ftp.example.org", "ftp.example.*")]
    [InlineData("ftp.example.org", "ftp.example.org.")]
    [InlineData("ftp.example.org", ".example.org")]
    [InlineData("ftp.example.org", "ftp.example.org\0")]
    [InlineData("ftp.example.org", "ftp.example.org\0.evil.org")]
    [InlineData("ftp.example.org", "ftp.example.org\n")]
    [InlineData("ftp.example.org", " ftp.example.org")]
    [InlineData("ftp.example.org", "")]
    [InlineData("10.0.0.1", "10.0.0.1")]
    [InlineData("10.0.0.1", "*.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("1.2.3", "*.2.3.4")]
    public void A_host_does_not_fit_a_name(string host, string name) => Refusal(TrustRoot, host, Named(name));

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1", true)]
    [InlineData("10.0.0.1", "10.0.0.2", false)]
    [InlineData("2001:DB8::1", "2001:db8:0:0:0:0:0:1", true)]
    [InlineData("2001:db8::2", "2001:db8::1", false)]
    [InlineData("fe80::1%1", "fe80::1", true)]
    [InlineData("::ffff:10.0.0.1", "10.0.0.1", false)]
    [InlineData("10.1", "10.0.0.1", false)]
    public void An_address_fits_only_the_same_address(string host, string address, bool fits)
    {
        var certificate = _root.Issue(addresses: [address]);
        if (fits)
            Verify(TrustRoot, host, certificate);
        else
            Refusal(TrustRoot, host, certificate);
    }

    [Fact]
    public void A_common_name_alone_is_not_a_name() => Assert.Contains(
        "a common name alone does not count", Refusal(TrustRoot, Host, _root.Issue(subject: $"CN={Host}")), StringComparison.Ordinal);

    [Fact]
    public void A_nul_in_a_name_is_shown_and_never_ends_it() => Assert.Contains(
        @"ftp.example.org\x00.evil.org", Refusal(TrustRoot, Host, Named("ftp.example.org\0.evil.org")), StringComparison.Ordinal);

    [Fact]
    public void Control_characters_of_a_subject_do_not_reach_the_message() =>
        Refusal(TrustRoot, Host, _root.Issue(["x"], subject: "CN=\"a\u001b[31m\nINFO all is well\""));

    [Fact]
    public void A_malformed_list_of_names_is_refused()
    {
        foreach (var raw in new byte[][] { [], [0x30], [0x30, 0x05, 0x82, 0x7F, 1, 2, 3], [0x04, 0], [0x30, 0x80, 0, 0] })
            Refusal(TrustRoot, Host, _root.Issue(rawNames: raw));
    }

    [Fact]
    public void An_empty_list_of_names_is_refused() => Refusal(TrustRoot, Host, _root.Issue(rawNames: [0x30, 0]));

    [Fact]
    public void No_certificate_and_no_der_are_refused()
    {
        Refusal(TrustRoot, Host);
        Refusal(TrustRoot, Host, ReadOnlyMemory<byte>.Empty);
        Refusal(TrustRoot, Host, new byte[] { 0x30, 0x03, 1, 2, 3 });
    }

    [Fact]
    public void A_damaged_certificate_is_refused_wherever_the_damage_is()
    {
        var options = TrustRoot;
        var good = _root.Issue([Host]);
        var verifier = new CertificateVerifier(options, Host, 21, _time, NullLogger.Instance);
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte[1, 255], Gen.Bool).Sample(
            (position, change, cut) =>
            {
                var bad = (byte[])good.Clone();
                bad[position] ^= change;
                try
                {
                    verifier.Verify([cut ? bad.AsMemory(0, position) : bad]);
                    return false;
                }
                catch (RemoteException refused)
                {
                    return refused.Error == RemoteError.Untrusted;
                }
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public void A_pinned_certificate_is_accepted_whatever_else_is_wrong_with_it()
    {
        var certificate = TestAuthority.SelfSigned("elsewhere");
        _time.Advance(TimeSpan.FromDays(1000));
        Verify(new CertificateTrustOptions { Fingerprints = [CertificateFingerprint.Of("x"u8), CertificateFingerprint.Of(certificate)] }, Host, certificate);
    }

    [Fact]
    public void Another_certificate_than_the_pinned_one_is_refused_even_if_it_is_valid()
    {
        var options = TrustRoot with { Fingerprints = [CertificateFingerprint.Of(TestAuthority.SelfSigned(Host))] };
        var good = _root.Issue([Host]);
        Assert.Contains("not the one that tls-fingerprint names", Refusal(options, Host, good), StringComparison.Ordinal);
        Refusal(options with { Verification = CertificateVerification.Off }, Host, good);
    }

    [Fact]
    public void First_use_is_remembered_and_logged_and_readable_by_the_owner_only()
    {
        var certificate = TestAuthority.SelfSigned("nas");
        Verify(OnFirstUse, Host, certificate);
        Verify(OnFirstUse, Host + ".", certificate);
        var file = OnFirstUse.KnownCertificatesFile!;
        Assert.Equal($"ftp.example.org:21 {CertificateFingerprint.Of(certificate)} 2026-06-15T12:00:00Z\n", File.ReadAllText(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Contains(_log.Lines, line => line.Contains("is trusted by its certificate", StringComparison.Ordinal));
    }

    [Fact]
    public void A_certificate_that_changed_after_first_use_is_refused_and_not_remembered()
    {
        var first = TestAuthority.SelfSigned(Host);
        var options = OnFirstUse with { AuthorityFile = AuthorityFile(_root.Der) };
        Verify(options, Host, first);
        var message = Refusal(options, Host, _root.Issue([Host]));
        Assert.Contains("IT HAS CHANGED", message, StringComparison.Ordinal);
        Assert.Contains(CertificateFingerprint.Of(first).ToString(), message, StringComparison.Ordinal);
        Assert.Contains($"remove line 1 of {options.KnownCertificatesFile}", message, StringComparison.Ordinal);
        Verify(options, Host, first);
    }

    [Fact]
    public void Each_host_and_port_is_remembered_by_itself()
    {
        byte[] a = TestAuthority.SelfSigned("a"), b = TestAuthority.SelfSigned("b"), c = TestAuthority.SelfSigned("c");
        Verify(OnFirstUse, Host, a);
        new CertificateVerifier(OnFirstUse, Host, 990, _time, _log).Verify([b]);
        Verify(OnFirstUse, "::1", c);
        Verify(OnFirstUse, Host, a);
        new CertificateVerifier(OnFirstUse, Host, 990, _time, _log).Verify([b]);
        Refusal(OnFirstUse, Host, b);
        Assert.StartsWith("[::1]:21 SHA256:", File.ReadAllLines(OnFirstUse.KnownCertificatesFile!)[2], StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_damaged_or_open_to_others_is_not_a_first_use()
    {
        var file = OnFirstUse.KnownCertificatesFile!;
        var certificate = TestAuthority.SelfSigned(Host);
        Verify(OnFirstUse, Host, certificate);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        Assert.Contains("others can change", Refusal(OnFirstUse, Host, certificate), StringComparison.Ordinal);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(file, "\nother:21 x\nftp.example.org:21 SHA256:12");
        Assert.Contains("line 3", Refusal(OnFirstUse, Host, certificate), StringComparison.Ordinal);
        File.Delete(file);
        Directory.CreateDirectory(file);
        Assert.Contains(file, Refusal(OnFirstUse, Host, certificate), StringComparison.Ordinal);
    }

    [Fact]
    public async Task First_uses_at_the_same_time_lose_none()
    {
        var certificate = TestAuthority.SelfSigned(Host);
        var options = OnFirstUse;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => Verify(options, $"host{i}", certificate))));
        Assert.Equal(16, (await File.ReadAllLinesAsync(options.KnownCertificatesFile!, TestContext.Current.CancellationToken)).Distinct().Count());
    }

    [Fact]
    public void Verification_off_accepts_anything_and_warns_once()
    {
        var verifier = new CertificateVerifier(new CertificateTrustOptions { Verification = CertificateVerification.Off }, Host, 21, _time, _log);
        verifier.Verify([TestAuthority.SelfSigned("x")]);
        verifier.Verify([]);
        var line = Assert.Single(_log.Lines);
        Assert.Contains("Warning", line, StringComparison.Ordinal);
        Assert.Contains("tls-verify=off", line, StringComparison.Ordinal);
    }

    /// <summary>A certificate whose name holds any bytes.</summary>
    private byte[] Named(string name)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
            writer.WriteOctetString(Encoding.Latin1.GetBytes(name), new Asn1Tag(TagClass.ContextSpecific, 2));
        return _root.Issue(rawNames: writer.Encode());
    }
}
