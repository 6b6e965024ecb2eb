using System.Diagnostics;

namespace FtpMount.Sftp.Tests.BuiltIn;

/// <summary>An <c>ssh-agent</c> of the test's own.</summary>
internal sealed class TestAgent : IDisposable
{
    private readonly Process _process;

    public TestAgent(string socketPath)
    {
        SocketPath = socketPath;
        _process = Process.Start(new ProcessStartInfo("ssh-agent", ["-D", "-a", socketPath]) { RedirectStandardOutput = true })!;
        // It says where it listens once it does.
        _ = _process.StandardOutput.ReadLine();
    }

    public string SocketPath { get; }

    public void Add(string key)
    {
        var start = new ProcessStartInfo("ssh-add", ["-q", key]) { RedirectStandardError = true };
        start.Environment["SSH_AUTH_SOCK"] = SocketPath;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
