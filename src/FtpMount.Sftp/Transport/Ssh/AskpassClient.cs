using System.Net.Sockets;
using System.Text;

namespace FtpMount.Sftp.Transport.Ssh;

/// <summary>
/// This program as the askpass program of an <c>ssh</c> that another process of it has started: hands the prompt to that process and prints its answer.
/// </summary>
public static class AskpassClient
{
    internal const string SocketVariable = "FTPMOUNT_ASKPASS_SOCKET";
    internal const string TokenVariable = "FTPMOUNT_ASKPASS_TOKEN";

    /// <summary>Whether this process was started by <c>ssh</c> to ask something.</summary>
    public static bool IsWanted => Environment.GetEnvironmentVariable(SocketVariable) is { Length: > 0 };

    /// <summary>Asks.</summary>
    /// <param name="arguments">What ssh gave: the prompt.</param>
    /// <param name="output">Where the answer goes.</param>
    /// <returns>The exit code: 0 when there was an answer.</returns>
    public static int Run(IReadOnlyList<string> arguments, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(output);
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(Environment.GetEnvironmentVariable(SocketVariable)!));
            var prompt = arguments.Count > 0 ? arguments[0].ReplaceLineEndings(" ") : "";
            socket.Send(Encoding.UTF8.GetBytes($"{Environment.GetEnvironmentVariable(TokenVariable)}\n{prompt}\n"));
            using var stream = new NetworkStream(socket);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            if (reader.ReadLine() is not { } answer)
                return 1;
            output.Write(answer + "\n");
            output.Flush();
            return 0;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return 1;
        }
    }
}
