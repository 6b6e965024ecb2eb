using System.Globalization;
using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Sftp.Tests.Servers;

/// <summary>Keys that are changed many times while content is under way in both directions (RFC 4253 section 9).</summary>
public sealed class RekeyTests
{
    private const int Block = 1 << 20;

    /// <summary>Bytes each way; <c>FTPMOUNT_REKEY_MIB</c> says otherwise.</summary>
    private static readonly int Length = int.Parse(Environment.GetEnvironmentVariable("FTPMOUNT_REKEY_MIB") ?? "32", CultureInfo.InvariantCulture) << 20;

    public static TheoryData<SftpTransportKind> Transports => new(SftpTransportKind.Ssh, SftpTransportKind.Builtin);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Content_arrives_unchanged_while_the_keys_change_with_every_mebibyte(SftpTransportKind transport)
    {
        if (!SshTestServer.IsAvailable(out var reason))
            Assert.Skip(reason);
        await using var server = await SshTestServer.StartAsync(new SshServerOptions { ExtraConfiguration = ["RekeyLimit 1M"] }, Token);
        await using var site = await SftpTestSite.OpenAsync(server, change: options => options with
        {
            Transport = transport,
            Timeout = TimeSpan.FromMinutes(2), // each change of keys takes a while where the processor is busy with other tests
            HostKey = transport == SftpTransportKind.Builtin ? SftpTestSite.HostKeyOf(server) : options.HostKey,
        });
        var source = Path.Combine(site.Local, "source");
        await WriteNoiseAsync(source);
        server.AdoptFiles();
        await using var content = File.OpenRead(source);
        var storing = site.Sftp.StoreAsync(site["stored"], content, StoreMode.Whole, 0, null, Lane.Write, Token).AsTask();
        await CompareAsync(site, source);
        Assert.Equal(Length, await storing);
        await using var stored = File.OpenRead(Path.Combine(site.Local, "stored"));
        content.Position = 0;
        var (left, right) = (new byte[Block], new byte[Block]);
        for (var done = 0; done < Length; done += Block)
        {
            await content.ReadExactlyAsync(left, Token);
            await stored.ReadExactlyAsync(right, Token);
            Assert.True(left.AsSpan().SequenceEqual(right), $"{done}");
        }

        Assert.Equal(0, site.Sftp.Statistics.ConnectionsLost);
    }

    private static async Task WriteNoiseAsync(string path)
    {
        var random = new Random(5);
        var bytes = new byte[Block];
        await using var file = File.Create(path);
        for (var done = 0; done < Length; done += Block)
        {
            random.NextBytes(bytes);
            await file.WriteAsync(bytes, Token);
        }
    }

    /// <summary>Reads it over the link beside the file on disk.</summary>
    private static async Task CompareAsync(SftpTestSite site, string source)
    {
        await using var expected = File.OpenRead(source);
        await using var reader = await site.Sftp.OpenReadAsync(site["source"], 0, null, Lane.Read, Token);
        var (left, right) = (new byte[Block], new byte[Block]);
        while (await reader.ReadAsync(left, Token) is > 0 and var count)
        {
            await expected.ReadExactlyAsync(right.AsMemory(0, count), Token);
            Assert.True(left.AsSpan(0, count).SequenceEqual(right.AsSpan(0, count)), $"{reader.Position}");
        }

        Assert.Equal(Length, expected.Position);
    }
}
