using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace FtpMount.Sftp.Transport.Ssh;

/// <summary>
/// Writes a header and the content behind it into a pipe by one call (writev(2)), on the caller's thread as long as the pipe has room. The framework's stream hands each
/// write to a thread of the pool, which it keeps while the pipe is full.
/// </summary>
/// <remarks>One send at a time. A cancelled send ends the sender: part of it may be in the pipe.</remarks>
[SupportedOSPlatform("linux")]
internal sealed partial class PipeSender : IDisposable
{
    private const int SetFlags = 4;
    private const int NonBlocking = 0x800;
    private const int WriteOnly = 1;
    private const int Interrupted = 4;
    private const int WouldBlock = 11;

    private readonly SafeHandle _pipe;
    private readonly CancellationTokenSource _ended = new();
    private int _disposed;

    /// <summary>Begins; the pipe is closed by whoever owns it.</summary>
    public PipeSender(SafeHandle pipe)
    {
        _pipe = pipe;
        _ = fcntl(pipe, SetFlags, WriteOnly | NonBlocking);
    }

    /// <summary>Sends all of both; waits while the pipe is full.</summary>
    /// <exception cref="IOException">Nobody reads it any more.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            Write(ref header, ref content);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return ValueTask.FromException(e);
        }

        return header.IsEmpty && content.IsEmpty ? ValueTask.CompletedTask : SendRestAsync(header, content, cancellationToken);
    }

    /// <summary>Ends a send that waits.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _ended.Cancel();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendRestAsync(ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        // What ends is this sender: no token needs to be made of the two.
        await using var cancellation = cancellationToken.UnsafeRegister(static sender => ((PipeSender)sender!).Dispose(), this).ConfigureAwait(false);
        while (!header.IsEmpty || !content.IsEmpty)
        {
            try
            {
                await SendReadiness.WaitAsync(_pipe, _ended.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new ObjectDisposedException(nameof(PipeSender));
            }

            Write(ref header, ref content);
        }
    }

    /// <summary>Writes what there is room for, and leaves the rest.</summary>
    private unsafe void Write(ref ReadOnlyMemory<byte> header, ref ReadOnlyMemory<byte> content)
    {
        var pieces = stackalloc Piece[2];
        while (!header.IsEmpty || !content.IsEmpty)
        {
            nint written;
            fixed (byte* first = header.Span, second = content.Span)
            {
                pieces[0] = new Piece { Start = first, Length = (nuint)header.Length };
                pieces[1] = new Piece { Start = second, Length = (nuint)content.Length };
                written = writev(_pipe, pieces, 2);
            }

            if (written < 0)
            {
                switch (Marshal.GetLastPInvokeError())
                {
                    case Interrupted:
                        continue;
                    case WouldBlock:
                        return;
                    default:
                        throw new IOException($"writev: {Marshal.GetLastPInvokeErrorMessage()}");
                }
            }

            var ofHeader = (int)Math.Min(written, header.Length);
            header = header[ofHeader..];
            content = content[(int)(written - ofHeader)..];
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(SafeHandle descriptor, int command, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint writev(SafeHandle descriptor, Piece* pieces, int count);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Piece
    {
        public byte* Start;
        public nuint Length;
    }
}
