using System.Text;
using FtpMount.Sftp.Transport;

namespace FtpMount.Cli.Background;

/// <summary>
/// The process in the background has no terminal: what its login needs it asks its parent for, with a line on its stdout that begins with
/// <see cref="ParentReadiness.QuestionMark"/> or <see cref="ParentReadiness.SecretQuestionMark"/> and has the question in base64; the answer is a line on its stdin in base64,
/// or <see cref="NoAnswer"/>.
/// </summary>
/// <param name="answers">This process's stdin.</param>
/// <param name="hasTerminal">Whether the parent has a terminal to ask at.</param>
internal sealed class ParentPrompter(TextReader answers, bool hasTerminal) : ISshPrompter
{
    private const string NoAnswer = "-";

    private readonly Lock _lock = new();
    private bool _isAvailable = hasTerminal;
    private volatile bool _closed;

    /// <inheritdoc/>
    public bool IsAvailable => _isAvailable && !_closed;

    /// <inheritdoc/>
    public string? Ask(string question, bool isSecret)
    {
        lock (_lock)
        {
            if (!IsAvailable)
                return null;
            ParentReadiness.Tell((isSecret ? ParentReadiness.SecretQuestionMark : ParentReadiness.QuestionMark) + Convert.ToBase64String(Encoding.UTF8.GetBytes(question)));
            var answer = answers.ReadLine();
            if (answer is not (null or NoAnswer))
                return Encoding.UTF8.GetString(Convert.FromBase64String(answer));
            _isAvailable = false;
            return null;
        }
    }

    /// <summary>The line that answers a line with a question.</summary>
    public static string AnswerOf(string line, ISshPrompter prompter)
    {
        var question = Encoding.UTF8.GetString(Convert.FromBase64String(line[1..]));
        return prompter.Ask(question, line[0] == ParentReadiness.SecretQuestionMark) is { } answer ? Convert.ToBase64String(Encoding.UTF8.GetBytes(answer)) : NoAnswer;
    }

    /// <summary>The mount answers, and the parent goes away.</summary>
    public void Close() => _closed = true;
}
