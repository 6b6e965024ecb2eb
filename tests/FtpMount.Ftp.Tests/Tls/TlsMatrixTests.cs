using System.Globalization;
using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Tls;

/// <summary>
/// Everything that makes data connections, many times over eight sessions at once, with each server, version and way of beginning TLS: where a session is resumed on the wrong
/// connection, a ticket is used twice or a close comes too early, some of these transfers fail or are cut short.
/// <c>FTPMOUNT_TLS_TRANSFERS</c> sets how many per combination.
/// </summary>
public sealed class TlsMatrixTests
{
    private const int Connections = 8;
    private const int ListedFiles = 40;
    private const int LargeSize = 1_500_000;

    /// <summary>What a server's log says when a session of its own ends in disorder.</summary>
    private static readonly string[] Reasons = ["signal", "panic", "fatal", "unexpected", "unable", "error"];

    private static readonly int Transfers =
        int.TryParse(Environment.GetEnvironmentVariable("FTPMOUNT_TLS_TRANSFERS"), CultureInfo.InvariantCulture, out var count) ? count : 1000;

    public static TheoryData<FtpServerKind, TlsVersion, bool> Combinations
    {
        get
        {
            var result = new TheoryData<FtpServerKind, TlsVersion, bool>();
            foreach (var kind in FtpServerKinds.All)
            {
                foreach (var version in Enum.GetValues<TlsVersion>())
                {
                    result.Add(kind, version, false);
                    if (kind != FtpServerKind.PureFtpd) // has no implicit TLS
                        result.Add(kind, version, true);
                }
            }

            return result;
        }
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task Eight_sessions_at_once_transfer_without_a_failure_or_a_truncation(FtpServerKind kind, TlsVersion version, bool isImplicit)
    {
        await using var site = await TlsSite.OpenAsync(
            kind,
            new FtpServerOptions { Tls = true, ImplicitTls = isImplicit },
            options => options with
            {
                Connections = Connections,
                Tls = options.Tls with { Mode = isImplicit ? FtpTlsMode.Implicit : FtpTlsMode.Required, Minimum = version, Maximum = version },
            });
        var large = new byte[LargeSize];
        new Random(1).NextBytes(large);
        var listed = Directory.CreateDirectory(Path.Combine(site.Server.RootDirectory, "listed"));
        for (var i = 0; i < ListedFiles; i++)
            await File.WriteAllBytesAsync(Path.Combine(listed.FullName, "f" + i), [], TlsSite.Token);
        await File.WriteAllBytesAsync(Path.Combine(site.Server.RootDirectory, "large"), large, TlsSite.Token);
        Directory.CreateDirectory(Path.Combine(site.Server.RootDirectory, "stored"));
        site.Server.AdoptFiles();

        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async worker =>
        {
            var random = new Random(worker);
            for (var i = Interlocked.Increment(ref next); i <= Transfers; i = Interlocked.Increment(ref next))
            {
                try
                {
                    await TransferAsync(site, i, large, random);
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"Transfer {i}, kind {i % 10}: {e.Message}\n{await TailOfLogAsync(site.Server)}", e);
                }
            }
        }));
        // Sessions that are lost over an abort are replaced, which must stay the exception.
        Assert.InRange(site.Ftp.Statistics.ConnectionsMade, 1, Connections + (Transfers / 20));
    }

    private static async Task TransferAsync(TlsSite site, int number, byte[] large, Random random)
    {
        switch (number % 10)
        {
            case 0 or 1:
                Assert.Equal(ListedFiles, await site.CountAsync(RemotePath.Root.Combine("listed")));
                break;
            case 2 or 3:
                var offset = random.Next(LargeSize);
                var length = random.Next(1, 20_000);
                AssertSame(large.AsMemory(offset, Math.Min(length, LargeSize - offset)), await site.ReadAsync("large", offset, length));
                break;
            case 4:
                var start = random.Next(LargeSize / 2);
                await using (var reader = await site.Ftp.OpenReadAsync(RemotePath.Root.Combine("large"), start, null, Lane.Read, TlsSite.Token))
                {
                    var buffer = new byte[random.Next(1, 100_000)];
                    var count = await reader.ReadAsync(buffer, TlsSite.Token);
                    AssertSame(large.AsMemory(start, count), buffer[..count]);
                }

                break;
            case 5:
                AssertSame(large, await site.ReadAsync("large", 0, null));
                break;
            case 6 or 7 or 8:
                await StoreAsync(site, $"s{number}", large.AsMemory(random.Next(LargeSize - 5000), random.Next(5000)));
                break;
            default:
                await StoreAsync(site, $"s{number}", large.AsMemory(0, random.Next(LargeSize / 2, LargeSize)));
                break;
        }
    }

    private static async Task StoreAsync(TlsSite site, string name, ReadOnlyMemory<byte> content)
    {
        var path = RemotePath.Root.Combine("stored").Combine(name);
        var sent = await site.Ftp.StoreAsync(path, new MemoryStream(content.ToArray()), StoreMode.Whole, 0, null, Lane.Write, TlsSite.Token);
        Assert.Equal(content.Length, sent);
        var local = Path.Combine(site.Server.RootDirectory, "stored", name);
        AssertSame(content, await File.ReadAllBytesAsync(local, TlsSite.Token));
        File.Delete(local);
    }

    private static void AssertSame(ReadOnlyMemory<byte> expected, byte[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.True(expected.Span.SequenceEqual(actual), "The content differs.");
    }

    private static async Task<string> TailOfLogAsync(FtpTestServer server)
    {
        const int Most = 3000;
        var log = await server.ReadLogAsync(CancellationToken.None);
        var told = log.Split('\n').Where(line => Reasons.Any(reason => line.Contains(reason, StringComparison.OrdinalIgnoreCase))).TakeLast(15);
        return string.Join('\n', told) + "\n" + log[Math.Max(0, log.Length - Most)..];
    }
}
