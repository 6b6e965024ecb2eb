using CsCheck;
using FtpMount.Sftp.HostKeys;
using FtpMount.Sftp.Keys;
using FtpMount.Sftp.Tests.BuiltIn;

namespace FtpMount.Sftp.Tests.HostKeys;

/// <summary>Against what <c>ssh-keygen -F</c> finds and <c>ssh-keygen -H</c> writes.</summary>
public sealed class KnownHostsTests : IDisposable
{
    private static readonly string[] Names =
        ["example.org", "a.example.org", "b.example.org", "EXAMPLE.org", "192.0.2.1", "2001:db8::1", "[example.org]:2222", "[192.0.2.1]:2222", "exampleXorg"];

    private static readonly string[] Patterns =
        ["example.org", "*.example.org", "?.example.org", "!b.example.org", "192.0.2.*", "[example.org]:2222", "[*.example.org]:*", "*", "2001:db8::1", "Example.Org", "!*"];

    private readonly SshHome _home = new();
    private readonly string _key;

    public KnownHostsTests()
    {
        SshHome.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", _home.InHome("key"));
        _key = File.ReadAllText(_home.InHome("key.pub")).Trim();
    }

    public void Dispose() => _home.Dispose();

    [Fact]
    public void The_lines_that_are_found_are_those_that_ssh_keygen_finds()
    {
        var pattern = Gen.OneOf(Patterns).Array[1, 4];
        var marker = Gen.OneOf("", "", "", "@cert-authority ", "@revoked ");
        var line = Gen.Select(marker, pattern, Gen.OneOf(" ", "\t", "  "), (mark, patterns, blank) => $"{mark}{string.Join(',', patterns)}{blank}{_key}");
        var noise = Gen.OneOf("", "# comment", "   ", "broken", "host ssh-ed25519 AAAA", "@unknown * " + _key);
        Gen.Select(Gen.OneOf<string>(line, line, line, line, noise).Array[0, 8], Gen.OneOf(Names)).Sample(
            (lines, name) =>
            {
                _home.Write("known_hosts", string.Join('\n', lines) + "\n");
                var found = new KnownHosts([_home.KnownHosts], [], hashNames: false).Find(name.ToLowerInvariant());
                Assert.Equal(FoundByKeygen(name), found.Select(key => key.LineNumber));
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public void Names_that_ssh_keygen_has_hashed_are_found()
    {
        _home.Write("known_hosts", string.Join('\n', Names.Take(8).Select(name => $"{name.ToLowerInvariant()} {_key}")) + "\n");
        SshHome.Run("ssh-keygen", "-q", "-H", "-f", _home.KnownHosts);
        Assert.DoesNotContain("example", File.ReadAllText(_home.KnownHosts).Replace("a comment", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        var known = new KnownHosts([_home.KnownHosts], [], hashNames: false);
        foreach (var name in Names.Take(8))
            Assert.Equal(FoundByKeygen(name.ToLowerInvariant()), known.Find(name.ToLowerInvariant()).Select(key => key.LineNumber));
        Assert.Empty(known.Find("elsewhere.example.org"));
    }

    [Fact]
    public void Names_that_are_hashed_here_are_found_by_ssh_keygen()
    {
        Assert.True(KnownHostsLine.TryParse("x " + _key, out var line));
        var known = new KnownHosts([_home.KnownHosts], [], hashNames: true);
        foreach (var name in Names.Take(3).Concat(Names.Skip(4).Take(4)))
        {
            known.Add(name, line.Key);
            Assert.Contains("found", SshHome.Run("ssh-keygen", "-F", name, "-f", _home.KnownHosts), StringComparison.Ordinal);
        }

        Assert.All(File.ReadAllLines(_home.KnownHosts), text => Assert.StartsWith("|1|", text, StringComparison.Ordinal));
    }

    [Fact]
    public void No_line_makes_it_fail() =>
        Gen.String.Sample(text =>
        {
            if (KnownHostsLine.TryParse($"{text} {_key}", out var line))
                _ = line.IsAbout("example.org");
            _ = KnownHostsLine.TryParse(text, out _);
        });

    [Theory]
    [InlineData("|1|")]
    [InlineData("|1||")]
    [InlineData("|1|%|%")]
    [InlineData("|1|AAAA|AAAA")]
    [InlineData("|2|AAAA|AAAA")]
    [InlineData("|1|0hrjyFGrBRCDSzJ02mMNCJCYCfc=|too-long-too-long-too-long-too-long-too-long")]
    public void A_broken_hash_matches_nothing(string hosts)
    {
        Assert.True(KnownHostsLine.TryParse($"{hosts} {_key}", out var line));
        Assert.False(line.IsAbout("example.org"));
    }

    [Fact]
    public void The_fingerprint_is_that_of_ssh_keygen() =>
        Assert.Contains(
            SshPublicKey.TryReadFile(_home.InHome("key.pub"))!.Fingerprint, SshHome.Run("ssh-keygen", "-l", "-f", _home.InHome("key.pub")), StringComparison.Ordinal);

    private List<int> FoundByKeygen(string name)
    {
        var start = new System.Diagnostics.ProcessStartInfo("ssh-keygen", ["-F", name, "-f", _home.KnownHosts]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = System.Diagnostics.Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        _ = errors.Result;
        // "# Host example.org found: line 3"
        return [.. output.Split('\n').Where(line => line.StartsWith("# Host ", StringComparison.Ordinal))
            .Select(line => int.Parse(line.Split("line ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture))];
    }
}
