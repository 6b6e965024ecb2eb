namespace FtpMount.EndToEnd.Worker.Posix;

/// <summary>An open descriptor that is closed in any case. <see cref="Close"/> tells the outcome of close(2), where write errors come out.</summary>
public sealed class OpenFile(int descriptor) : IDisposable
{
    private int _descriptor = descriptor;

    /// <summary>The descriptor.</summary>
    public int Descriptor => _descriptor >= 0 ? _descriptor : throw new ObjectDisposedException(nameof(OpenFile));

    /// <summary>close(2).</summary>
    public Outcome Close()
    {
        Outcome outcome = SystemCall.Close(Descriptor);
        _descriptor = -1;
        return outcome;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_descriptor >= 0)
            Close();
    }
}
