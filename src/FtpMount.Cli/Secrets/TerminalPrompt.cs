using System.Runtime.InteropServices;
using System.Text;
using FtpMount.Cli.Posix;
using FtpMount.Remote;

namespace FtpMount.Cli.Secrets;

/// <summary>Asks for a password at the terminal, without showing what is typed (getpass(3), which also restores the terminal).</summary>
internal static unsafe class TerminalPrompt
{
    private const char Interrupt = '\u0003';

    /// <summary>Asks.</summary>
    /// <returns>Null when this process has no terminal.</returns>
    /// <exception cref="OperationCanceledException">Ctrl-C was typed; getpass turns signals off, so it arrives as a character.</exception>
    internal static string? Ask(string question)
    {
        const string Terminal = "/dev/tty";
        var descriptor = PosixCalls.open(Terminal, PosixCalls.ReadWrite);
        if (descriptor < 0)
            return null;
        _ = PosixCalls.close(descriptor);
        var prompt = Encoding.UTF8.GetBytes(question + "\0");
        byte* answer;
        fixed (byte* pointer = prompt)
            answer = PosixCalls.getpass(pointer);
        if (answer is null)
            return null;
        var bytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(answer);
        var password = NameCodec.Utf8.Decode(bytes);
        new Span<byte>(answer, bytes.Length).Clear();
        return password.Contains(Interrupt, StringComparison.Ordinal) ? throw new OperationCanceledException() : password;
    }
}
