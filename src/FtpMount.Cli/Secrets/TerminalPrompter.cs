using System.Text;
using FtpMount.Sftp.Transport;

namespace FtpMount.Cli.Secrets;

/// <summary>Asks at the terminal of this process, whatever its stdin and stdout are.</summary>
internal sealed class TerminalPrompter : ISshPrompter
{
    private const string Terminal = "/dev/tty";

    /// <inheritdoc/>
    public bool IsAvailable
    {
        get
        {
            try
            {
                using var terminal = Open();
                return true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    /// <inheritdoc/>
    public string? Ask(string question, bool isSecret)
    {
        if (isSecret)
            return TerminalPrompt.Ask(question);
        try
        {
            using var terminal = Open();
            terminal.Write(Encoding.UTF8.GetBytes(question));
            terminal.Flush();
            using var reader = new StreamReader(terminal);
            return reader.ReadLine();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static FileStream Open() => new(Terminal, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
}
