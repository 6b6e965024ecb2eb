using System.Text.Json;
using System.Text.Json.Serialization;
using FtpMount.Remote;
using FtpMount.Service.Secrets;

namespace FtpMount.Service;

/// <summary>Writes credentials as an array of base64 texts, so that bytes that are not UTF-8 arrive as they are.</summary>
internal sealed class CredentialsJsonConverter : JsonConverter<Credentials>
{
    public override Credentials Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var parts = new List<string?>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            parts.Add(reader.TokenType == JsonTokenType.Null ? null : NameCodec.Utf8.Decode(reader.GetBytesFromBase64()));
        if (parts is not [{ } user, { } password, var account])
            throw new JsonException("Credentials are user, password and account.");
        return new Credentials(user, password, account);
    }

    public override void Write(Utf8JsonWriter writer, Credentials value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var part in new[] { value.User, value.Password, value.Account })
        {
            if (part is null)
                writer.WriteNullValue();
            else
                writer.WriteBase64StringValue(NameCodec.Utf8.Encode(part));
        }

        writer.WriteEndArray();
    }
}
