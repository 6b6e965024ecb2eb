namespace FtpMount.Cli.Tests;

public sealed class MessagesTests
{
    [Theory]
    [InlineData("plain ü", "plain ü")]
    [InlineData("two\nlines\r\nhere", "two lines here")]
    [InlineData("\u001b[31mred\u0007\u009b", "?[31mred??")]
    public void A_message_is_one_line_that_cannot_steer_the_terminal(string message, string line) => Assert.Equal(line, Messages.OneLine(message));
}
