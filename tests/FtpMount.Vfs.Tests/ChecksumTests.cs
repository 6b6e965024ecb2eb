using System.Security.Cryptography;
using System.Text;
using FtpMount.Remote;
using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.Tests;

/// <summary>Checksums as extended attributes, and of uploads.</summary>
public sealed class ChecksumTests
{
    private const string Sha256 = "user.ftpmount.sha256";

    [Fact]
    public async Task The_checksum_of_a_file_is_an_attribute_that_the_server_computes()
    {
        await using var mount = new Mount(r =>
        {
            r.Checksums = [ChecksumAlgorithm.Sha256];
            r.Put("/file", "content");
            r.PutDirectory("/directory");
        });
        var node = await mount.Node("/file");
        var value = await mount.Vfs.GetExtendedAttributeAsync(node, Sha256, default);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData("content"u8)), Encoding.ASCII.GetString(value.Value.Span));
        Assert.Equal(VfsError.NoData, (await mount.Vfs.GetExtendedAttributeAsync(node, "user.ftpmount.md5", default)).Error);
        Assert.Equal(VfsError.Unsupported, (await mount.Vfs.GetExtendedAttributeAsync(node, "security.capability", default)).Error);
        Assert.Equal(VfsError.NoData, (await mount.Vfs.GetExtendedAttributeAsync(await mount.Node("/directory"), Sha256, default)).Error);
        Assert.Equal(1, mount.Remote.Count("CHECKSUM"));

        // Not listed: who copies attributes along would have every file read.
        Assert.Empty((await mount.Vfs.ListExtendedAttributesAsync(node, default)).Value);
        Assert.Equal(VfsError.Unsupported, await mount.Vfs.SetExtendedAttributeAsync(node, "user.x", default, default));
        Assert.Equal(VfsError.Unsupported, await mount.Vfs.RemoveExtendedAttributeAsync(node, Sha256, default));
    }

    [Fact]
    public async Task A_file_with_changes_that_are_not_on_the_server_has_no_checksum()
    {
        await using var mount = new Mount(r =>
        {
            r.Checksums = [ChecksumAlgorithm.Sha256];
            r.Put("/file", "content");
        });
        var handle = await mount.Open("/file", VfsOpenFlags.Read | VfsOpenFlags.Write);
        await mount.Write(handle, 0, "CONTENT");
        Assert.Equal(VfsError.NoData, (await mount.Vfs.GetExtendedAttributeAsync(await mount.Node("/file"), Sha256, default)).Error);
        await mount.CloseWell(handle);
        var value = await mount.Vfs.GetExtendedAttributeAsync(await mount.Node("/file"), Sha256, default);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData("CONTENT"u8)), Encoding.ASCII.GetString(value.Value.Span));
    }

    [Fact]
    public async Task Where_no_server_computes_any_nothing_is_implemented()
    {
        await using var mount = new Mount(r => r.Put("/file", "content"));
        var node = await mount.Node("/file");
        Assert.Equal(VfsError.NoData, (await mount.Vfs.GetExtendedAttributeAsync(node, Sha256, default)).Error);
        Assert.Equal(VfsError.NotImplemented, (await mount.Vfs.ListExtendedAttributesAsync(node, default)).Error);
        Assert.Equal(VfsError.NotImplemented, await mount.Vfs.SetExtendedAttributeAsync(node, "user.x", default, default));
        Assert.Equal(VfsError.NotImplemented, await mount.Vfs.RemoveExtendedAttributeAsync(node, "user.x", default));
    }

    [Fact]
    public async Task An_upload_that_arrived_changed_is_sent_again()
    {
        await using var mount = new Mount(r => r.Checksums = [ChecksumAlgorithm.Sha256], o => o with { VerifyChecksums = true });
        var spoiled = false;
        mount.Remote.DelayAnswer = (operation, path) =>
        {
            if (operation == "STORE" && !spoiled)
            {
                spoiled = true;
                mount.Remote.Put(path, "cOntent");
            }

            return null;
        };
        await mount.WriteFile("/file", "content");
        Assert.True(spoiled);
        Assert.Equal("content", mount.Remote.Text("/file"));
        Assert.Equal((2, 2, 1), (mount.Remote.Count("STORE"), mount.Remote.Count("CHECKSUM"), mount.Remote.Count("PUBLISH")));
        Assert.Equal(["file"], mount.Remote.Names("/"));
    }

    [Fact]
    public async Task An_upload_that_always_arrives_changed_is_an_error_and_is_kept()
    {
        await using var mount = new Mount(r =>
        {
            r.Checksums = [ChecksumAlgorithm.Sha256];
            r.Put("/file", "before");
        }, o => o with { VerifyChecksums = true });
        mount.Remote.DelayAnswer = (operation, path) =>
        {
            if (operation == "STORE")
                mount.Remote.Put(path, "cOntent");
            return null;
        };
        var handle = await mount.Open("/file", VfsOpenFlags.Write | VfsOpenFlags.Truncate);
        await mount.Write(handle, 0, "content");
        Assert.Equal(VfsError.InputOutput, await mount.Close(handle));
        Assert.Equal("before", mount.Remote.Text("/file"));
        Assert.Contains("Sha256", Assert.Single(mount.Vfs.PendingUploads).LastError, StringComparison.Ordinal);
        mount.Remote.DelayAnswer = null;
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal("content", mount.Remote.Text("/file"));
    }

    [Fact]
    public async Task Without_being_asked_for_no_checksum_is_compared()
    {
        await using var mount = new Mount(r => r.Checksums = [ChecksumAlgorithm.Sha256]);
        await mount.WriteFile("/file", "content");
        Assert.Equal(0, mount.Remote.Count("CHECKSUM"));
    }

    [Fact]
    public async Task A_server_that_does_not_tell_after_all_has_its_size_compared()
    {
        await using var mount = new Mount(
            r =>
            {
                r.Checksums = [ChecksumAlgorithm.Sha256];
                r.Failure = (operation, _) => operation == "CHECKSUM" ? new RemoteException(RemoteError.Unsupported, "on purpose") : null;
            },
            o => o with { VerifyChecksums = true });
        await mount.WriteFile("/file", "content");
        Assert.Equal("content", mount.Remote.Text("/file"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(100_001)]
    public void Crc32_is_that_of_ISO_3309_whatever_the_pieces(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        var expected = uint.MaxValue;
        foreach (var b in content)
        {
            expected ^= b;
            for (var i = 0; i < 8; i++)
                expected = (expected >> 1) ^ ((expected & 1) * 0xEDB88320);
        }

        using var checksum = ContentChecksum.Create(ChecksumAlgorithm.Crc32);
        var half = length / 3;
        checksum.Append(content.AsSpan(0, half));
        checksum.Append(content.AsSpan(half));
        Assert.Equal((~expected).ToString("X8", System.Globalization.CultureInfo.InvariantCulture), Convert.ToHexString(checksum.Finish()));
        checksum.Append("123456789"u8);
        Assert.Equal("CBF43926", Convert.ToHexString(checksum.Finish()));
    }
}
