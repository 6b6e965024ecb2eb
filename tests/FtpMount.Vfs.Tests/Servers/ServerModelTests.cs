using CsCheck;
using FtpMount.Ftp;
using FtpMount.TestServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Vfs.Tests.Servers;

/// <summary>The random operations of the model on real servers: what is on their disks in the end is what the model has.</summary>
public sealed class ServerModelTests
{
    public static TheoryData<FtpServerKind> Kinds => [.. FtpServerKinds.All];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Random_operations_on_a_real_server_do_what_a_local_file_system_does(FtpServerKind kind)
    {
        if (!FtpServerKinds.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        await using var server = await FtpTestServer.StartAsync(kind);
        var options = new FtpOptions { Host = server.Host, Port = server.Port, User = server.User, Password = server.Password };
        await using var remote = await FtpFileSystem.ConnectAsync(options, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        await Gen.Select(ModelSteps.Any.Array[60, 120], Gen.Bool).SampleAsync(
            async (steps, believes) =>
            {
                foreach (var entry in new DirectoryInfo(server.RootDirectory).EnumerateFileSystemInfos())
                {
                    if (entry is DirectoryInfo directory)
                        directory.Delete(recursive: true);
                    else
                        entry.Delete();
                }

                await using var mount = new Mount(remote, o => believes
                    ? o with { Upload = VfsUploadMode.Auto, AttributeTimeout = TimeSpan.FromHours(1), DirectoryTimeout = TimeSpan.FromHours(1), NegativeTimeout = TimeSpan.FromHours(1) }
                    : o with { Upload = VfsUploadMode.Auto, AttributeTimeout = TimeSpan.Zero, DirectoryTimeout = TimeSpan.Zero, NegativeTimeout = TimeSpan.Zero });
                var expected = await ModelSteps.RunAsync(mount, steps);
                ModelSteps.AssertSame(expected, TreeOf(server.RootDirectory));
            },
            iter: 12,
            threads: 1,
            print: t => $"{t.Item2}\n{string.Join('\n', t.Item1)}");
    }

    private static SortedDictionary<string, byte[]?> TreeOf(string root)
    {
        var tree = new SortedDictionary<string, byte[]?>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFileSystemEntries(root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
            tree.Add(path[root.TrimEnd('/').Length..], Directory.Exists(path) ? null : File.ReadAllBytes(path));
        return tree;
    }
}
