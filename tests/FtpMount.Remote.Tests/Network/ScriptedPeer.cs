using System.Net;
using System.Net.Sockets;

namespace FtpMount.Remote.Tests.Network;

/// <summary>A listener on loopback that says to each client what the test made up, whatever it is asked.</summary>
internal sealed class ScriptedPeer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private readonly List<byte> _received = [];

    /// <param name="answers">Sent one by one, each after something was received; null leaves the connection open and silent, the end closes it.</param>
    public ScriptedPeer(params byte[]?[] answers)
    {
        _listener.Start();
        _running = RunAsync(answers);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Completes when the script has come to a silence.</summary>
    public TaskCompletionSource Silent { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public byte[] Received
    {
        get
        {
            lock (_received)
                return [.. _received];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(byte[]?[] answers)
    {
        try
        {
            using var client = await _listener.AcceptSocketAsync(_stop.Token);
            client.NoDelay = true;
            var buffer = new byte[4096];
            foreach (var answer in answers)
            {
                var count = await client.ReceiveAsync(buffer, _stop.Token);
                lock (_received)
                    _received.AddRange(buffer.AsSpan(0, count));
                if (answer is null)
                {
                    Silent.TrySetResult();
                    await Task.Delay(Timeout.Infinite, _stop.Token);
                }

                await client.SendAsync(answer, SocketFlags.None, _stop.Token);
            }

            client.Shutdown(SocketShutdown.Send);
            while (await client.ReceiveAsync(buffer, _stop.Token) > 0)
            {
                // Closing with bytes unread would be a reset.
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
