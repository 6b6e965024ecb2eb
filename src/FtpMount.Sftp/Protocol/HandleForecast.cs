using System.Buffers.Binary;

namespace FtpMount.Sftp.Protocol;

/// <summary>
/// Foretells the handle that the server will give to the next file or directory, so that what is to be done with it can be asked for in the same packet: reading a small
/// file or listing a small directory then costs one round trip instead of two.
/// </summary>
/// <remarks>
/// <para>To the protocol a handle is any string (draft-ietf-secsh-filexfer-02 section 6.3), but OpenSSH's server, which others use as well, numbers them: four bytes, the number
/// that was closed last, or the next one when all are open. It takes requests in their order, so that whoever sees that order can do the same.</para>
/// <para>A guess is compared with the answer to OPEN, and what was asked for by a wrong one is asked for again: only what changes nothing may be guessed for. Requests that
/// write never are. After a wrong guess nothing is foretold but what was closed since; a server whose handles are no numbers, or that keeps surprising, is not guessed for any more.</para>
/// <para>Used in the order in which the requests go out, under the connection's gate.</para>
/// </remarks>
internal sealed class HandleForecast
{
    /// <summary>The length of a handle that can be foretold.</summary>
    public const int HandleLength = 4;

    /// <summary>Wrong guesses beyond the right ones after which the server counts as one that numbers in another way.</summary>
    private const int MostSurprises = 8;

    private readonly Stack<uint> _closed = new();
    private uint? _next = 0;
    private int _surprises;
    private long _changes;
    private bool _isOff;

    /// <summary>Whether the last guess was right.</summary>
    public bool IsGood { get; private set; }

    /// <summary>An OPEN or OPENDIR goes out.</summary>
    /// <returns>The handle that will be the answer, and what is to be given to <see cref="Answered"/> with it; null when that is not known.</returns>
    public (uint? Handle, long Mark) Opening()
    {
        _changes++;
        if (_isOff)
            return (null, _changes);
        if (_closed.TryPop(out var closed))
            return (closed, _changes);
        return (_next is { } next ? _next++ : null, _changes);
    }

    /// <summary>A CLOSE goes out.</summary>
    public void Closing(ReadOnlySpan<byte> handle)
    {
        _changes++;
        if (!_isOff && handle.Length == HandleLength)
            _closed.Push(BinaryPrimitives.ReadUInt32BigEndian(handle));
    }

    /// <summary>The answer to an OPEN or OPENDIR is here.</summary>
    /// <param name="foretold">What <see cref="Opening"/> returned for it.</param>
    /// <param name="handle">The handle; empty when it was refused.</param>
    public void Answered((uint? Handle, long Mark) foretold, ReadOnlySpan<byte> handle)
    {
        if (_isOff || (foretold.Handle is null && handle.Length is 0 or HandleLength))
            return;
        if (handle.IsEmpty)
        {
            // The number was not used: it comes next, unless requests have gone out since for which that was not known.
            if (foretold.Mark == _changes)
                _closed.Push(foretold.Handle!.Value);
            else
                Forget();
            return;
        }

        if (handle.Length == HandleLength && BinaryPrimitives.ReadUInt32BigEndian(handle) == foretold.Handle)
        {
            _surprises = Math.Max(0, _surprises - 1);
            IsGood = true;
            return;
        }

        Forget();
        IsGood = false;
        _isOff = handle.Length != HandleLength || ++_surprises >= MostSurprises;
    }

    private void Forget()
    {
        _closed.Clear();
        _next = null;
    }
}
