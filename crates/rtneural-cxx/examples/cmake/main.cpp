/// @file
/// Loads a model and runs it on the numbers of each line of standard input.
///
/// hello model.json < rows.csv

#include <rtneural_cxx/model.hpp>

#include <cstdio>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "give the name of a model file\n");
        return 2;
    }
    try {
        const auto model = rtneural::Model::load(arguments[1]);
        rtneural::State state{model};
        std::vector<float> output(model.outputs());
        for (std::string line; std::getline(std::cin, line);) {
            std::vector<float> input;
            std::istringstream numbers{line};
            for (std::string number; std::getline(numbers, number, ',');) input.push_back(std::stof(number));
            // An audio thread would call forward_checked, which does not throw.
            state.forward(input.data(), input.size(), output.data(), output.size());
            for (std::size_t i = 0; i < output.size(); ++i)
                // Nine digits tell every float.
                std::printf("%s%.9g", i == 0 ? "" : ",", static_cast<double>(output[i]));
            std::printf("\n");
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
