namespace FtpMount.Cli.Profiles;

/// <summary>One line on the terminal that says what is being tried; nothing where stderr is no terminal.</summary>
internal sealed class TerminalProgress : IProgress<string>
{
    private const string ClearLine = "\r\u001B[K";

    private readonly Lock _gate = new();
    private readonly bool _shows = !Console.IsErrorRedirected;
    private bool _isShown;

    public void Report(string value)
    {
        if (!_shows)
            return;
        lock (_gate)
        {
            Console.Error.Write($"{ClearLine}Trying: {value}");
            _isShown = true;
        }
    }

    /// <summary>Lets a message stand on a line of its own.</summary>
    internal void Interrupt(Action write)
    {
        Clear();
        write();
    }

    /// <summary>Takes the line away.</summary>
    internal void Clear()
    {
        lock (_gate)
        {
            if (_isShown)
                Console.Error.Write(ClearLine);
            _isShown = false;
        }
    }
}
