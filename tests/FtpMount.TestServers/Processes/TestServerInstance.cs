using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace FtpMount.TestServers.Processes;

/// <summary>What every test server has: a folder, a port, a command and its processes.</summary>
internal sealed class TestServerInstance : IAsyncDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>How long the session of the first greeting may take to end; nothing but a test of limits depends on it.</summary>
    private static readonly TimeSpan FarewellDeadline = TimeSpan.FromSeconds(2);

    private readonly LoopbackPort _port;

    private TestServerInstance(ServerDirectory directory, LoopbackPort port, IPAddress address, ServerCommand command, ServerProcess process)
    {
        Directory = directory;
        _port = port;
        Address = address;
        Command = command;
        Process = process;
    }

    /// <summary>Its folder.</summary>
    public ServerDirectory Directory { get; }

    /// <summary>The address that it listens on.</summary>
    public IPAddress Address { get; }

    /// <summary>The port that it listens on.</summary>
    public int Port => _port.Number;

    /// <summary>What is executed.</summary>
    public ServerCommand Command { get; }

    /// <summary>Its processes.</summary>
    public ServerProcess Process { get; }

    /// <summary>Established connections to its port.</summary>
    public int ConnectionCount => _port.CountEstablished();

    /// <summary>Makes the folder, chooses the port, writes the configuration. Nothing runs yet but the guardian.</summary>
    /// <param name="name">Part of the folder's name.</param>
    /// <param name="address">The address to listen on.</param>
    /// <param name="configure">Writes the configuration for a folder and a port.</param>
    public static TestServerInstance Create(string name, IPAddress address, Func<ServerDirectory, int, ServerCommand> configure)
    {
        var directory = ServerDirectory.Create(name);
        var port = LoopbackPort.Take(address);
        try
        {
            ServerCommand command = configure(directory, port.Number);
            return new TestServerInstance(directory, port, address, command, ServerProcess.Create(command, directory));
        }
        catch
        {
            port.Dispose();
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Executes the server and waits until it answers.</summary>
    /// <param name="deadline">How long it may take.</param>
    /// <param name="greet">Talks to the server until it has said goodbye; an <see cref="IOException"/> means "not ready yet".</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PortTakenException">Another program has the port.</exception>
    /// <exception cref="InvalidOperationException">The server ended or does not answer.</exception>
    public async Task LaunchAsync(TimeSpan deadline, Func<Stream, CancellationToken, Task> greet, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(deadline);
        Exception? last = null;
        try
        {
            await Process.StartAsync(limit.Token).ConfigureAwait(false);
            while (true)
            {
                if (Process.HasExited)
                    throw await DescribeAsync($"ended with exit code {Process.ExitCode}", last).ConfigureAwait(false);
                if (_port.ListenerInode() != 0)
                {
                    int[] idle = await Process.GetProcessIdsAsync(limit.Token).ConfigureAwait(false);
                    if (!Owns(idle, _port.ListenerInode()))
                        throw new PortTakenException($"Another program listens on {Address}:{Port}");
                    try
                    {
                        await TalkAsync(greet, limit.Token).ConfigureAwait(false);
                        await WaitForFarewellAsync(idle.Length, limit.Token).ConfigureAwait(false);
                        return;
                    }
                    catch (Exception error) when (error is IOException or SocketException)
                    {
                        last = error;
                    }
                }
                await Task.Delay(PollInterval, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw await DescribeAsync($"did not answer within {deadline.TotalSeconds} s", last ?? error).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync().ConfigureAwait(false);
        _port.Dispose();
        Directory.Dispose();
    }

    /// <summary>Whether one of the processes has the socket open. What may not be looked into (sshd hides itself) is believed.</summary>
    private static bool Owns(int[] processIds, long inode)
    {
        string socket = $"socket:[{inode}]";
        foreach (int id in processIds)
        {
            try
            {
                if (System.IO.Directory.EnumerateFiles($"/proc/{id}/fd").Any(fd => File.ResolveLinkTarget(fd, returnFinalTarget: false)?.Name == socket))
                    return true;
            }
            catch (UnauthorizedAccessException)
            {
                return true;
            }
            catch (IOException)
            {
                // The process has ended meanwhile.
            }
        }
        return inode == 0;
    }

    private async Task TalkAsync(Func<Stream, CancellationToken, Task> greet, CancellationToken cancellationToken)
    {
        using var client = new TcpClient(Address.AddressFamily);
        await client.ConnectAsync(Address, Port, cancellationToken).ConfigureAwait(false);
        NetworkStream stream = client.GetStream();
        await using (stream.ConfigureAwait(false))
            await greet(stream, cancellationToken).ConfigureAwait(false);
    }

    private async Task WaitForFarewellAsync(int idleProcesses, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < FarewellDeadline)
        {
            int[] now = await Process.GetProcessIdsAsync(cancellationToken).ConfigureAwait(false);
            if (now.Length <= idleProcesses && ConnectionCount == 0)
                return;
            await Task.Delay(PollInterval, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<InvalidOperationException> DescribeAsync(string what, Exception? cause)
    {
        string log = await Directory.ReadLogAsync(CancellationToken.None).ConfigureAwait(false);
        string message = $"{Command.Program} on {Address}:{Port} {what}.\n{string.Join(' ', Command.Arguments)}\n{log}";
        return log.Contains("Address already in use", StringComparison.OrdinalIgnoreCase)
            ? new PortTakenException(message)
            : new InvalidOperationException(message, cause);
    }
}
