using System.Security.Cryptography;
using System.Text;
using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

/// <summary>MODE Z on ProFTPD with mod_deflate, and servers without.</summary>
public sealed class CompressionTests
{
    public static TheoryData<FtpServerKind> KindsWithout => [.. FtpServerKinds.Every.Where(kind => kind != FtpServerKind.ProFtpd)];

    private static byte[] Text(int size)
    {
        var text = new StringBuilder();
        for (var line = 0; text.Length < size; line++)
            text.Append("line ").Append(line).Append(" of a text that repeats itself\n");
        return Encoding.ASCII.GetBytes(text.ToString())[..size];
    }

    private static async Task<FtpTestServer> StartAsync(FtpServerKind kind, bool tls = false)
    {
        if (!FtpServerKinds.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        return await FtpTestServer.StartAsync(kind, new FtpServerOptions { Deflate = kind == FtpServerKind.ProFtpd, Tls = tls }, FtpSite.Token);
    }

    [Fact]
    public async Task What_is_stored_is_read_back_and_only_downloads_are_compressed()
    {
        await using var server = await StartAsync(FtpServerKind.ProFtpd);
        await using var site = await FtpSite.OpenAsync(server, proxied: true, options => options with { Compression = FtpCompression.On, Connections = 1 });
        foreach (var size in new[] { 0, 1, 1000, 3_000_000 })
        {
            foreach (var content in new[] { Text(size), RandomNumberGenerator.GetBytes(size) })
            {
                Assert.Equal(size, await site.StoreAsync(site["file"], content));
                Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(site.Local, "file"), FtpSite.Token));
                Assert.Equal(content, await site.ReadAsync(site["file"]));
            }
        }

        Assert.Equal(["file"], (await site.ListAsync(site.Folder)).Select(entry => entry.Name));
        var mode = "S";
        foreach (var line in site.Proxy!.Commands)
        {
            mode = line.StartsWith("MODE ", StringComparison.Ordinal) ? line[5..] : mode;
            Assert.Equal(line.Split(' ')[0] switch { "STOR" => "S", "RETR" or "MLSD" => "Z", _ => mode }, mode);
        }

        Assert.Contains("MODE Z", site.Proxy.Commands);
    }

    [Fact]
    public async Task Many_entries_and_parts_of_files_come_whole()
    {
        await using var server = await StartAsync(FtpServerKind.ProFtpd);
        await using var site = await FtpSite.OpenAsync(server, change: options => options with { Compression = FtpCompression.On });
        var content = Text(2_000_000);
        site.Put("file", content);
        Assert.Equal(content[1_234_567..], await site.ReadAsync(site["file"], 1_234_567));
        for (var offset = 0; offset < content.Length; offset += 150_000)
        {
            // Broken off in the middle, and a part up to its end.
            await using (var reader = await site.Ftp.OpenReadAsync(site["file"], offset, null, Lane.Interactive, FtpSite.Token))
                Assert.Equal(content[offset..(offset + 1000)], await ReadAsync(reader, 1000));
            await using (var reader = await site.Ftp.OpenReadAsync(site["file"], offset, 20_000, Lane.Interactive, FtpSite.Token))
                Assert.Equal(content[offset..(offset + 20_000)], await ReadAsync(reader, 20_000));
        }

        for (var i = 0; i < 500; i++)
            site.Put($"entry {i}", "");
        Assert.Equal(501, (await site.ListAsync(site.Folder)).Count);
    }

    [Fact]
    public async Task Inside_TLS_nothing_is_compressed()
    {
        await using var server = await StartAsync(FtpServerKind.ProFtpd, tls: true);
        await using var site = await FtpSite.OpenAsync(
            server,
            change: options => options with
            {
                Compression = FtpCompression.On,
                Tls = new FtpTlsOptions { Mode = FtpTlsMode.Required },
                Trust = new() { AuthorityFile = server.CertificatePath },
            });
        var content = Text(1_000_000);
        await site.StoreAsync(site["file"], content);
        Assert.Equal(content, await site.ReadAsync(site["file"]));
        Assert.Equal(["file"], (await site.ListAsync(site.Folder)).Select(entry => entry.Name));
    }

    [Theory]
    [MemberData(nameof(KindsWithout))]
    public async Task Servers_without_it_are_used_without(FtpServerKind kind)
    {
        await using var server = await StartAsync(kind);
        await using var site = await FtpSite.OpenAsync(server, proxied: true, options => options with { Compression = FtpCompression.On });
        var content = Text(100_000);
        await site.StoreAsync(site["file"], content);
        Assert.Equal(content, await site.ReadAsync(site["file"]));
        Assert.DoesNotContain(site.Proxy!.Commands, line => line.StartsWith("MODE", StringComparison.Ordinal));
    }

    private static async Task<byte[]> ReadAsync(IRemoteReader reader, int length)
    {
        var result = new byte[length];
        var read = 0;
        while (read < length && await reader.ReadAsync(result.AsMemory(read), FtpSite.Token) is > 0 and var count)
            read += count;
        return result[..read];
    }
}
