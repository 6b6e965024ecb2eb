using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Servers;

/// <summary>A server of either protocol, with what tests do to it from outside.</summary>
public sealed class AnyServer : IAsyncDisposable
{
    private readonly FtpTestServer? _ftp;
    private readonly SshTestServer? _ssh;

    private AnyServer(FtpTestServer? ftp, SshTestServer? ssh)
    {
        _ftp = ftp;
        _ssh = ssh;
    }

    /// <summary>One FTP server of each kind, and OpenSSH.</summary>
    public static TheoryData<string> All => [.. FtpServerKinds.All.Select(kind => kind.ToString()), nameof(SftpPlace.SftpOpenSshBuiltIn)];

    /// <summary>One of each protocol.</summary>
    public static TheoryData<string> OfEachProtocol => [nameof(FtpServerKind.Vsftpd), nameof(SftpPlace.SftpOpenSshBuiltIn)];

    /// <summary>How it is mounted.</summary>
    public MountSource Source => _ftp is not null ? MountSource.Of(_ftp) : MountSource.Of(_ssh!, "builtin");

    /// <summary>The login folder on the server's disk.</summary>
    public string Directory => _ftp?.RootDirectory ?? _ssh!.RootDirectory;

    /// <summary>Starts one; skips the test where that is not possible.</summary>
    public static async Task<AnyServer> StartAsync(string name)
    {
        MountProgram.SkipUnlessPresent();
        if (Enum.TryParse(name, out FtpServerKind kind))
        {
            Assert.SkipUnless(FtpServerKinds.IsAvailable(kind, out string reason), reason);
            return new AnyServer(await FtpTestServer.StartAsync(kind), null);
        }

        Assert.SkipUnless(SshTestServer.IsAvailable(SftpServerKind.OpenSsh, out string why), why);
        return new AnyServer(null, await SshTestServer.StartAsync());
    }

    /// <summary>The path of an entry on the server's disk.</summary>
    public string PathOf(string name) => Path.Combine(Directory, name);

    /// <summary>Writes a file on the server's disk, which the user who logs in owns.</summary>
    public void Put(string name, string content)
    {
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        File.WriteAllText(PathOf(name), content);
        AdoptFiles();
    }

    /// <summary>What is in a file on the server's disk; null when there is none.</summary>
    public string? Read(string name) => File.Exists(PathOf(name)) ? File.ReadAllText(PathOf(name)) : null;

    /// <summary>Gives what a test has written to the user who logs in.</summary>
    public void AdoptFiles()
    {
        _ftp?.AdoptFiles();
        _ssh?.AdoptFiles();
    }

    /// <summary>SIGKILL to the server and all its sessions.</summary>
    public Task KillAsync() => _ftp?.KillAsync() ?? _ssh!.KillAsync();

    /// <summary>Starts it again on the same port.</summary>
    public Task RestartAsync() => _ftp?.RestartAsync() ?? _ssh!.RestartAsync();

    /// <summary>SIGSTOP to the server and all its sessions.</summary>
    public Task SuspendAsync() => _ftp?.SuspendAsync() ?? _ssh!.SuspendAsync();

    /// <summary>SIGCONT after <see cref="SuspendAsync"/>.</summary>
    public Task ResumeAsync() => _ftp?.ResumeAsync() ?? _ssh!.ResumeAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_ftp is not null)
            await _ftp.DisposeAsync();
        if (_ssh is not null)
            await _ssh.DisposeAsync();
    }
}
